"""Routes that read: trees, files, and the large files on the second port."""

from urllib.parse import parse_qs, quote

from hub_server.access import Access
from hub_server.replies import Reply, fail, json_reply, ranged
from hub_server.repository_routes import DATE
from hub_server.storage import Blob, Commit
from hub_server.transport import RecordedRequest


class FileRoutes:
    def __init__(self, access: Access, cdn_url: str):
        self.access, self.cdn_url = access, cdn_url

    def tree(
        self,
        request: RecordedRequest,
        repo_type: str,
        repo_id: str,
        revision: str,
        folder: str = "",
    ) -> Reply:
        _, commit = self.access.at(request, repo_type, repo_id, revision)
        folder = folder.strip("/")
        start = f"{folder}/" if folder else ""
        below = [path for path in sorted(commit.files) if path.startswith(start)]
        if folder and not below:
            raise fail(404, f"{folder} does not exist", "EntryNotFound")
        recursive = _is_true(request.query.get("recursive", ["false"])[0])
        expand = _is_true(request.query.get("expand", ["false"])[0])
        entries = {}
        for path in below:
            parts = path.removeprefix(start).split("/")
            for depth in range(1, len(parts) if recursive else min(len(parts), 2)):
                name = start + "/".join(parts[:depth])
                entries[name] = _folder_entry(name, commit, expand)
            if recursive or len(parts) == 1:
                entries[path] = _file_entry(path, commit.files[path], commit, expand)
        return json_reply(
            [entries[name] for name in sorted(entries)],
            **{"X-Repo-Commit": commit.sha},
        )

    def paths_info(
        self, request: RecordedRequest, repo_type: str, repo_id: str, revision: str
    ) -> Reply:
        """The entries of the named paths; names that do not exist are left out."""
        _, commit = self.access.at(request, repo_type, repo_id, revision)
        form = parse_qs(request.body.decode())
        expand = _is_true(form.get("expand", ["false"])[0])
        entries = []
        for path in form.get("paths", []):
            path = path.strip("/")
            if path in commit.files:
                blob = commit.files[path]
                entries.append(_file_entry(path, blob, commit, expand))
            elif any(name.startswith(f"{path}/") for name in commit.files):
                entries.append(_folder_entry(path, commit, expand))
        return json_reply(entries)

    def resolve(
        self,
        request: RecordedRequest,
        repo_type: str,
        repo_id: str,
        revision: str,
        path: str,
    ) -> Reply:
        """A small file, or the redirect to where a large one lies."""
        _, commit = self.access.at(request, repo_type, repo_id, revision)
        headers = {"X-Repo-Commit": commit.sha, "Accept-Ranges": "bytes"}
        blob = commit.files.get(path)
        if blob is None:
            failure = fail(404, "Entry not found", "EntryNotFound")
            failure.reply.headers.update(headers)
            raise failure
        if not blob.lfs:
            headers |= {"ETag": f'"{blob.etag}"', "Content-Type": "text/plain"}
            return ranged(
                Reply(200, headers, blob.content), request.headers.get("Range")
            )
        headers |= {
            "Location": f"{self.cdn_url}/large/{blob.sha256}?name={quote(path)}",
            "X-Linked-ETag": f'"{blob.sha256}"',
            "X-Linked-Size": str(len(blob.content)),
        }
        return Reply(302, headers)

    def download(self, request: RecordedRequest, sha256: str) -> Reply:
        """A large file, on the second port, for everybody who has its address."""
        content = self.access.storage.large.get(sha256)
        if content is None:
            raise fail(404, "NoSuchKey")
        headers = {
            "ETag": f'"{sha256}"',
            "Content-Type": "application/octet-stream",
            "Accept-Ranges": "bytes",
        }
        return ranged(Reply(200, headers, content), request.headers.get("Range"))


def _file_entry(path: str, blob: Blob, commit: Commit, expand: bool) -> dict:
    entry = {
        "type": "file",
        "path": path,
        "size": len(blob.content),
        "oid": blob.git_oid,
    }
    if blob.lfs:
        entry["lfs"] = {"oid": blob.sha256, **blob.lfs_sizes}
    return entry | _last_commit(commit, expand)


def _folder_entry(path: str, commit: Commit, expand: bool) -> dict:
    entry = {"type": "directory", "path": path, "size": 0, "oid": commit.sha}
    return entry | _last_commit(commit, expand)


def _last_commit(commit: Commit, expand: bool) -> dict:
    # The newest commit stands in for the one that last touched the file.
    if not expand:
        return {}
    return {"lastCommit": {"id": commit.sha, "title": commit.title, "date": DATE}}


def _is_true(text: str) -> bool:
    return text.lower() in ("1", "true")
