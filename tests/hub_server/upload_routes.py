"""Routes that write: pre-upload, large files, and the commit itself."""

import base64
import hashlib
import json

from hub_server.access import Access, revision_of
from hub_server.replies import Reply, fail, json_reply
from hub_server.repository_routes import RepositoryRoutes, may_commit_to
from hub_server.storage import Blob, is_lfs
from hub_server.transport import RecordedRequest


class UploadRoutes:
    def __init__(self, access: Access, repositories: RepositoryRoutes, cdn_url: str):
        self.access, self.repositories = access, repositories
        self.cdn_url = cdn_url

    def preupload(
        self, request: RecordedRequest, repo_type: str, repo_id: str, revision: str
    ) -> Reply:
        """How each file is to be sent, and what is there under its name now."""
        repository = self.access.repository(request, repo_type, repo_id, write=True)
        branch = may_commit_to(repository, revision)
        present = repository.resolve(branch).files
        answers = []
        for file in json.loads(request.body)["files"]:
            path, sample = file["path"], base64.b64decode(file["sample"])
            large = is_lfs(path, file["size"], sample)
            answer = {
                "path": path,
                "uploadMode": "lfs" if large else "regular",
                "shouldIgnore": False,
            }
            if path in present:
                answer["oid"] = present[path].etag
            answers.append(answer)
        return json_reply({"files": answers})

    def lfs_batch(self, request: RecordedRequest, repo_type: str, repo_id: str):
        """Where to put large files; those already here get no action."""
        self.access.repository(request, repo_type, repo_id, write=True)
        wanted = json.loads(request.body)
        if wanted["operation"] != "upload":
            raise fail(400, "Only uploads are known here.")
        objects = []
        for item in wanted["objects"]:
            answer = {"oid": item["oid"], "size": item["size"]}
            if item["oid"] not in self.access.storage.large:
                web = self.repositories.web_url(repo_type, repo_id)
                answer["actions"] = {
                    "upload": {"href": f"{self.cdn_url}/large/{item['oid']}?signed=1"},
                    "verify": {"href": f"{web}.git/info/lfs/verify"},
                }
            objects.append(answer)
        return json_reply({"transfer": "basic", "objects": objects})

    def lfs_put(self, request: RecordedRequest, sha256: str) -> Reply:
        """Takes a large file, on the second port, if it is what was announced."""
        if hashlib.sha256(request.body).hexdigest() != sha256:
            raise fail(400, "The content does not have the announced sha256.")
        self.access.storage.large[sha256] = request.body
        return Reply(200, {"ETag": f'"{sha256}"'})

    def lfs_verify(self, request: RecordedRequest, repo_type: str, repo_id: str):
        self.access.repository(request, repo_type, repo_id, write=True)
        wanted = json.loads(request.body)
        content = self.access.storage.large.get(wanted["oid"])
        if content is None or len(content) != wanted["size"]:
            raise fail(404, "The object was not uploaded.")
        return json_reply({})

    def commit(
        self, request: RecordedRequest, repo_type: str, repo_id: str, revision: str
    ) -> Reply:
        """One commit from lines of JSON: a header, then files and deletions."""
        repository = self.access.repository(request, repo_type, repo_id, write=True)
        branch = may_commit_to(repository, revision)
        base = repository.resolve(branch)
        lines = [json.loads(line) for line in request.body.splitlines() if line]
        header = next(line["value"] for line in lines if line["key"] == "header")
        parent = header.get("parentCommit") or base.sha
        proposed = "create_pr" in request.query
        if parent != base.sha and not proposed:
            raise fail(412, "A commit has happened since. Please refresh and try again")
        base = revision_of(repository, parent)
        files = dict(base.files)
        for line in lines:
            if line["key"] != "header":
                self._change(files, line["key"], line["value"])
        web = self.repositories.web_url(repo_type, repo_id)
        answer = {"success": True}
        if proposed:
            branch = repository.open_pull_request(base)
            answer["pullRequestUrl"] = f"{web}/discussions/{repository.pull_requests}"
        commit = repository.commit(
            files,
            title=header["summary"],
            message=header.get("description", ""),
            branch=branch,
        )
        answer |= {"commitOid": commit.sha, "commitUrl": f"{web}/commit/{commit.sha}"}
        return json_reply(answer)

    def _change(self, files: dict[str, Blob], key: str, value: dict) -> None:
        path = value["path"]
        if path.startswith("/") or ".." in path.split("/") or "\\" in path:
            raise fail(400, f"Invalid path: {path!r}")
        if key == "file":
            files[path] = Blob(base64.b64decode(value["content"]), lfs=False)
        elif key == "lfsFile":
            content = self.access.storage.large.get(value["oid"])
            if content is None:
                raise fail(400, f"LFS pointer of {path} to an object never uploaded")
            files[path] = Blob(content, lfs=True)
        elif key == "deletedFile":
            if files.pop(path, None) is None:
                raise fail(
                    404, "A file with this name doesn't exist", code="EntryNotFound"
                )
        elif key == "deletedFolder":
            folder = path.rstrip("/") + "/"
            for name in [name for name in files if name.startswith(folder)]:
                del files[name]
        else:
            raise fail(400, f"Unknown operation: {key}")
