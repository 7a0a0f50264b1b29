"""The server as tests see it: two ports, repositories, faults and the record."""

import contextlib
import re
import threading
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import unquote

from hub_server.access import TOKEN, Access
from hub_server.faults import Fault
from hub_server.file_routes import FileRoutes
from hub_server.replies import Reply, fail
from hub_server.repository_routes import RepositoryRoutes
from hub_server.storage import Repository, Storage
from hub_server.transport import Listener, RecordedRequest
from hub_server.upload_routes import UploadRoutes

_API = r"/api/(?P<types>models|datasets)/(?P<repo_id>[^/]+/[^/]+)"
_WEB = r"/(?P<types>datasets/)?(?P<repo_id>[^/]+/[^/]+?)"
_REVISION = r"(?P<revision>[^/]+)"


class HubServer:
    """A Hub and its CDN on two loopback ports. Use the fixture `hub_server`."""

    token = TOKEN

    def __init__(self) -> None:
        self.storage = Storage()
        self._faults: list[Fault] = []
        self._requests: list[RecordedRequest] = []
        self._lock = threading.RLock()
        self._routes: dict[str, list[tuple[str, re.Pattern, Callable]]] = {
            "hub": [],
            "cdn": [],
        }
        self._hub = Listener("hub", self._answer, self._record)
        self._cdn = Listener("cdn", self._answer, self._record)
        self._add_routes()

    @property
    def url(self) -> str:
        return self._hub.url

    @property
    def cdn_url(self) -> str:
        return self._cdn.url

    @property
    def requests(self) -> list[RecordedRequest]:
        """What came in since the last reset, in order; a copy."""
        with self._lock:
            return list(self._requests)

    def forget_requests(self) -> None:
        """Empties the record; repositories and faults stay."""
        with self._lock:
            self._requests.clear()

    def reset(self) -> None:
        """No repositories, no faults, an empty record; stalled requests end."""
        with self._lock:
            self.clear_faults()
            self.storage.clear()
            self._requests.clear()

    def clear_faults(self) -> None:
        with self._lock:
            for fault in self._faults:
                fault.released.set()
            self._faults.clear()

    def add_repo(
        self,
        repo_id: str,
        files: dict[str, bytes],
        repo_type: str = "model",
        private_token: str | None = None,
    ) -> str:
        """Makes a repository with one commit of exactly these files, or adds such a
        commit to the one that is there; gives the commit's sha. With
        `private_token` only requests with that token see it."""
        with self._lock:
            repository = self.storage.repositories.get((repo_type, repo_id))
            if repository is None:
                repository = self.storage.create(repo_id, repo_type, private_token)
            blobs = {
                path: self.storage.blob(path, content)
                for path, content in files.items()
            }
            return repository.commit(blobs, title="Add files").sha

    def files(
        self, repo_id: str, revision: str = "main", repo_type: str = "model"
    ) -> dict[str, bytes]:
        """The files at a branch, tag or sha."""
        commit = self._repository(repo_id, repo_type).resolve(revision)
        if commit is None:
            raise KeyError(f"{repo_id} has no revision {revision!r}")
        return {path: blob.content for path, blob in sorted(commit.files.items())}

    def commits(
        self, repo_id: str, revision: str = "main", repo_type: str = "model"
    ) -> list[str]:
        """The shas of a branch's commits, newest first."""
        history = self._repository(repo_id, repo_type).history(revision)
        return [commit.sha for commit in history]

    def tag(self, repo_id: str, name: str, sha: str, repo_type: str = "model") -> None:
        """Sets a tag, also one that exists: tags can be moved."""
        self._repository(repo_id, repo_type).tags[name] = sha

    def repository(self, repo_id: str, repo_type: str = "model") -> Repository:
        """The record of a repository: commits, branches, tags, private_token."""
        return self._repository(repo_id, repo_type)

    def fault(
        self,
        kind: str,
        path_contains: str = "",
        method: str | None = None,
        times: int | None = None,
        status: int | None = None,
        error_code: str | None = None,
        error_message: str | None = None,
    ) -> Fault:
        """From now on requests that match fail, `times` times (None: always).

        `path_contains` is looked for in the path as sent (quoted, with its query),
        on both ports: a large file's path on the CDN is `/large/SHA256?name=NAME`.
        The kinds are in `hub_server.KINDS`. The oldest matching fault wins;
        `fault.met` counts the requests that met it.
        """
        fault = Fault(
            kind, path_contains, method, times, status, error_code, error_message
        )
        with self._lock:
            self._faults.append(fault)
        return fault

    @contextlib.contextmanager
    def away(self) -> Iterator[None]:
        """Inside, both ports refuse connections."""
        self._hub.stop()
        self._cdn.stop()
        try:
            yield
        finally:
            self._hub.start()
            self._cdn.start()

    def _repository(self, repo_id: str, repo_type: str) -> Repository:
        known = self.storage.repositories
        if (repo_type, repo_id) not in known:
            raise KeyError(f"no {repo_type} {repo_id!r}; known: {sorted(known)}")
        return known[repo_type, repo_id]

    def _record(self, request: RecordedRequest) -> Fault | None:
        with self._lock:
            self._requests.append(request)
            for fault in self._faults:
                if fault.matches(request.method, request.path):
                    fault.use()
                    return fault
        return None

    def _answer(self, request: RecordedRequest) -> Reply:
        for methods, pattern, route in self._routes[request.server]:
            match = pattern.fullmatch(request.plain_path)
            if match and request.method in methods.split():
                with self._lock:
                    return route(request, **_arguments(match))
        raise fail(404, f"No such page: {request.plain_path}")

    def _add_routes(self) -> None:
        access = Access(self.storage)
        repositories = RepositoryRoutes(access, self.url)
        files = FileRoutes(access, self.cdn_url)
        uploads = UploadRoutes(access, repositories, self.cdn_url)

        def add(methods: str, pattern: str, route: Callable, port: str = "hub"):
            self._routes[port].append((methods, re.compile(pattern), route))

        add("GET", "/api/whoami-v2", repositories.whoami)
        add("POST", "/api/validate-yaml", repositories.validate_yaml)
        add("POST", "/api/repos/create", repositories.create)
        add("DELETE", "/api/repos/delete", repositories.delete)
        add("GET", _API, repositories.info)
        add("GET", f"{_API}/revision/{_REVISION}", repositories.info)
        add("PUT", f"{_API}/settings", repositories.settings)
        add("GET", f"{_API}/refs", repositories.refs)
        add("GET", f"{_API}/commits/{_REVISION}", repositories.commits)
        add("POST DELETE", f"{_API}/tag/{_REVISION}", repositories.tag)
        add("POST DELETE", f"{_API}/branch/(?P<name>[^/]+)", repositories.branch)
        add("GET", f"{_API}/tree/{_REVISION}(?P<folder>/.*)?", files.tree)
        add("POST", f"{_API}/paths-info/{_REVISION}", files.paths_info)
        add("POST", f"{_API}/preupload/{_REVISION}", uploads.preupload)
        add("POST", f"{_API}/commit/{_REVISION}", uploads.commit)
        add("GET HEAD", f"{_WEB}/resolve/{_REVISION}/(?P<path>.+)", files.resolve)
        add("POST", rf"{_WEB}\.git/info/lfs/objects/batch", uploads.lfs_batch)
        add("POST", rf"{_WEB}\.git/info/lfs/verify", uploads.lfs_verify)
        add("GET HEAD", "/large/(?P<sha256>[0-9a-f]{64})", files.download, "cdn")
        add("PUT", "/large/(?P<sha256>[0-9a-f]{64})", uploads.lfs_put, "cdn")


def _arguments(match: re.Match) -> dict[str, Any]:
    """The parts of a path, each decoded on its own: `refs%2Fpr%2F1` is one part."""
    found = match.groupdict()
    arguments = {name: unquote(text) for name, text in found.items() if text}
    arguments.pop("types", None)
    if "repo_id" in found:
        datasets = (found["types"] or "").startswith("datasets")
        arguments["repo_type"] = "dataset" if datasets else "model"
    return arguments
