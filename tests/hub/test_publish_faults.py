"""What goes wrong while publishing is one readable error, nothing is committed, and
the next attempt works."""

import threading

import pytest

from halo_keras.hub import HubError, client, patience

pytestmark = pytest.mark.hub_client

REPO = "someone/thing"
FILES = {
    "config.json": b'{"a": 1}',
    "model.weights.h5": bytes(range(256)) * 200,
    "README.md": b"---\nlicense: mit\n---\nA card.\n",
}
STEPS = ("/repos/create", "/preupload/", "/objects/batch", "/large/", "/commit/")


@pytest.fixture
def publish(hub_server, fast_retries):
    def run(**options):
        options = {"message": "Add it", "token": hub_server.token, **options}
        return client.upload(REPO, FILES, **options)

    return run


def check_published(hub_server, done):
    stored = hub_server.files(REPO)
    assert {name: stored[name] for name in FILES} == FILES
    assert hub_server.commits(REPO)[0] == done.commit


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize(
    ("order", "words"),
    [
        ({"kind": "status", "status": 403}, "token"),
        ({"kind": "status", "status": 500}, "status 500"),
        ({"kind": "drop"}, "reached"),
        ({"kind": "stall"}, "reached"),
    ],
    ids=["403", "500", "drop", "stall"],
)
def test_a_lasting_fault_is_one_error(
    step, order, words, hub_server, publish, monkeypatch
):
    if order["kind"] == "stall":
        monkeypatch.setattr(patience, "PATIENCE_SECONDS", 1.5)
        monkeypatch.setattr("halo_keras.hub.uploading.SLOWEST_BYTES_PER_SECOND", 1e9)
    fault = hub_server.fault(path_contains=step, **order)
    with pytest.raises(HubError, match=words) as caught:
        publish()
    assert fault.met > 0
    assert caught.value.repository == REPO and caught.value.hint
    commits = hub_server.commits(REPO) if step != "/repos/create" else []
    assert len(commits) < 2
    hub_server.clear_faults()
    wait_for_late_ones()
    check_published(hub_server, publish())


def wait_for_late_ones():
    """What was given up may go on now, and even commit: the same, so that the next
    attempt finds it there."""
    for thread in threading.enumerate():
        if thread.name == patience.THREAD_NAME:
            thread.join(20)
            assert not thread.is_alive()


def test_a_commit_whose_reply_was_lost_is_not_made_twice(hub_server, publish):
    hub_server.fault("truncate", path_contains="/commit/", times=1)
    with pytest.raises(HubError, match="reached"):
        publish()
    [first, _] = hub_server.commits(REPO)
    done = publish()
    assert done.commit == first and len(hub_server.commits(REPO)) == 2
    check_published(hub_server, done)
