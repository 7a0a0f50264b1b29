"""A stand-in for the Hugging Face Hub: standard library only, loopback only.

The real clients talk to it (`HF_ENDPOINT`), over two ports: the Hub itself, and the
host that large files are redirected to, which must never see a token. It speaks the
part of the protocol that publishing, pulling and `datasets` use. It knows no Xet, so
that the clients need `HF_HUB_DISABLE_XET=1`. It proves our side only: the real
Hub's rules (YAML checks, quotas, rate limits) are not copied.
"""

from hub_server.faults import KINDS
from hub_server.server import HubServer
from hub_server.transport import RecordedRequest

__all__ = ["KINDS", "HubServer", "RecordedRequest"]
