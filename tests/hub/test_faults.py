"""Whatever goes wrong between the Hub and `from_pretrained`: either a retry works, or
one readable error comes within 30 seconds; afterwards the cache is usable."""

import re

import pytest

from halo_keras.hub import HubError, patience

pytestmark = pytest.mark.hub_client

REPO = "someone/stand-in"
WEIGHTS, CONFIG = "model.weights.h5", "config.json"


# Places: what is asked about the repository first, then per file; the weights lie on
# the second port, the configuration on the first.
INFO, HEAD, CDN = "/api/models/", f"/{WEIGHTS}", "/large/"
CONFIG_BODY = {"path_contains": f"/{CONFIG}", "method": "GET"}
LASTING = {
    "api-401": (dict(kind="status", status=401, path_contains=INFO), "token"),
    "api-401-coded": (
        dict(kind="status", status=401, error_code="RepoNotFound", path_contains=INFO),
        "does not exist, or is private",
    ),
    "api-403": (dict(kind="status", status=403, path_contains=INFO), "token"),
    "api-403-gated": (
        dict(kind="status", status=403, error_code="GatedRepo", path_contains=INFO),
        "gated",
    ),
    "api-404": (dict(kind="status", status=404, path_contains=INFO), "not found"),
    "api-500": (dict(kind="status", status=500, path_contains=INFO), "status 500"),
    "tree-503": (dict(kind="status", status=503, path_contains="/tree/"), "503|reach"),
    "head-404": (dict(kind="status", status=404, path_contains=HEAD), "not found|no s"),
    "head-404-coded": (
        dict(kind="status", status=404, error_code="EntryNotFound", path_contains=HEAD),
        "no such file|not found",
    ),
    "head-500": (dict(kind="status", status=500, path_contains=HEAD), "status 500"),
    "cdn-403": (dict(kind="status", status=403, path_contains=CDN), "token"),
    "cdn-500": (dict(kind="status", status=500, path_contains=CDN), "status 500"),
    "cdn-503": (dict(kind="status", status=503, path_contains=CDN), "status 503"),
    "config-500": (dict(kind="status", status=500, **CONFIG_BODY), "status 500"),
    "api-drop": (dict(kind="drop", path_contains=INFO), "reached"),
    # The client repeats a HEAD that times out, not one that is cut off.
    "head-drop": (dict(kind="drop", path_contains=HEAD, times=1), "reached"),
    "cdn-drop": (dict(kind="drop", path_contains=CDN), "reached"),
    "cdn-truncate": (dict(kind="truncate", path_contains=CDN), "reached"),
    "config-truncate": (dict(kind="truncate", **CONFIG_BODY), "reached"),
    "cdn-short": (dict(kind="short", path_contains=CDN), "size|hash|damaged"),
    "config-short": (dict(kind="short", **CONFIG_BODY), "size|hash|damaged"),
    "cdn-corrupt": (dict(kind="corrupt", path_contains=CDN), "hash"),
    "config-corrupt": (dict(kind="corrupt", **CONFIG_BODY), "hash"),
    "api-stall": (dict(kind="stall", path_contains=INFO), "reached"),
    "tree-stall": (dict(kind="stall", path_contains="/tree/"), "reached"),
    "head-stall": (dict(kind="stall", path_contains=HEAD), "reached"),
    "cdn-stall": (dict(kind="stall_body", path_contains=CDN), "reached"),
    "no-headers": (dict(kind="drop_headers", path_contains=HEAD), "cache|header"),
    "other-commit": (dict(kind="wrong_revision", path_contains=HEAD), "cache|commit"),
}


@pytest.mark.parametrize("case", LASTING)
def test_a_lasting_fault_is_one_readable_error(
    case, hub_server, on_hub, timed_pull, expect_original, monkeypatch
):
    order, words = LASTING[case]
    # The client repeats what stands still for minutes; ours gives up before.
    monkeypatch.setattr(patience, "PATIENCE_SECONDS", 3.0)
    fault = hub_server.fault(**order)
    try:
        expect_original(timed_pull())
    except HubError as error:
        check_error(error, words)
        assert fault.met > 0
    else:
        # The oldest client asks for no tree, and repeats a HEAD that was cut off.
        assert case in ("tree-503", "tree-stall", "head-drop"), "no error"
    hub_server.clear_faults()
    expect_original(timed_pull())


def check_error(error, words):
    text = str(error)
    assert re.search(words, text), text
    assert error.repository == REPO and error.hint and REPO in text
    assert len(text) < 600 and "Traceback" not in text


ONCE = {
    "tree-500": dict(kind="status", status=500, path_contains="/tree/"),
    "head-503": dict(kind="status", status=503, path_contains=HEAD, method="HEAD"),
    "head-stall": dict(kind="stall", path_contains=HEAD, method="HEAD"),
    "cdn-drop": dict(kind="drop", path_contains=CDN),
    "cdn-truncate": dict(kind="truncate", path_contains=CDN),
    "cdn-stall": dict(kind="stall_body", path_contains=CDN),
    "cdn-corrupt": dict(kind="corrupt", path_contains=CDN),
    "config-truncate": dict(kind="truncate", **CONFIG_BODY),
    "config-corrupt": dict(kind="corrupt", **CONFIG_BODY),
}


@pytest.mark.parametrize("case", ONCE)
def test_a_fault_that_passes_is_overcome(
    case, hub_server, on_hub, timed_pull, expect_original
):
    fault = hub_server.fault(times=1, **ONCE[case])
    try:
        expect_original(timed_pull())
    except HubError as error:
        # The oldest client does not go on where a body was cut off.
        assert case in ("cdn-truncate", "config-truncate")
        check_error(error, "reached")
        expect_original(timed_pull())
    assert fault.met == (0 if case == "tree-500" and not asks_for_trees() else 1)


def asks_for_trees():
    import huggingface_hub

    return int(huggingface_hub.__version__.split(".")[0]) > 0
