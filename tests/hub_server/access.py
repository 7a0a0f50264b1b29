"""Who may see and change what."""

from hub_server.replies import fail
from hub_server.storage import Commit, Repository, Storage
from hub_server.transport import RecordedRequest

USER = "tester"
ORGANISATIONS = ("me", "you")  # where the user may write
# The token of the one account; may write everywhere but into private repositories
# that were added with a token of their own.
TOKEN = "hf_test_token"


class Access:
    """Repositories as the sender of a request sees them."""

    def __init__(self, storage: Storage):
        self.storage = storage

    def check_token(self, request: RecordedRequest, needed: bool = False) -> str | None:
        """The token of the request; an unknown one is refused, as the Hub does."""
        token = request.token
        known = {TOKEN} | {
            repository.private_token
            for repository in self.storage.repositories.values()
        }
        if token is not None and token not in known:
            raise fail(401, "Invalid credentials in Authorization header")
        if token is None and needed:
            raise fail(401, "Invalid username or password.")
        return token

    def repository(
        self,
        request: RecordedRequest,
        repo_type: str,
        repo_id: str,
        write: bool = False,
    ) -> Repository:
        """The repository, or 401 / 404: a hidden one looks like a missing one."""
        token = self.check_token(request)
        repository = self.storage.repositories.get((repo_type, repo_id))
        if repository is None or repository.private_token not in (None, token):
            status = 401 if token is None else 404
            raise fail(status, "Repository not found", "RepoNotFound")
        if write:
            self.check_token(request, needed=True)
        return repository

    def at(
        self, request: RecordedRequest, repo_type: str, repo_id: str, revision: str
    ) -> tuple[Repository, Commit]:
        """The repository and the commit that `revision` means in it, or 404."""
        repository = self.repository(request, repo_type, repo_id)
        return repository, revision_of(repository, revision)


def revision_of(repository: Repository, revision: str) -> Commit:
    commit = repository.resolve(revision)
    if commit is None:
        raise fail(404, f"Invalid rev id: {revision}", "RevisionNotFound")
    return commit
