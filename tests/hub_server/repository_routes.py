"""Routes about whole repositories: create, look at, branches and tags."""

import json

from hub_server.access import ORGANISATIONS, USER, Access, revision_of
from hub_server.replies import Reply, fail, json_reply
from hub_server.storage import FIRST_FILES, Repository
from hub_server.transport import RecordedRequest

# Commits have no clock here: equal runs give equal answers.
DATE = "2024-01-01T00:00:00.000Z"


class RepositoryRoutes:
    def __init__(self, access: Access, url: str):
        self.access, self.url = access, url

    def whoami(self, request: RecordedRequest) -> Reply:
        self.access.check_token(request, needed=True)
        token = {"displayName": "test", "role": self.access.storage.token_role}
        organisations = [
            {"type": "org", "name": name, "roleInOrg": "write"}
            for name in ORGANISATIONS
        ]
        return json_reply(
            {
                "type": "user",
                "name": USER,
                "fullname": USER,
                "orgs": organisations,
                "auth": {"accessToken": token},
            }
        )

    def validate_yaml(self, request: RecordedRequest) -> Reply:
        """Only whether the front matter is closed: YAML is not in the library."""
        content = json.loads(request.body)["content"]
        errors = []
        if content.startswith("---\n") and "\n---" not in content[3:]:
            errors.append({"message": "The YAML front matter is not closed."})
        return json_reply(
            {"errors": errors, "warnings": []}, status=400 if errors else 200
        )

    def create(self, request: RecordedRequest) -> Reply:
        token = self.access.check_token(request, needed=True)
        wanted = json.loads(request.body)
        repo_type = wanted.get("type") or "model"
        repo_id = f"{wanted.get('organization') or USER}/{wanted['name']}"
        answer = {"url": self.web_url(repo_type, repo_id), "name": repo_id}
        storage = self.access.storage
        if (repo_type, repo_id) in storage.repositories:
            answer["error"] = "You already created this repo"
            return json_reply(answer, status=409)
        # `visibility` since 2.x, `private` before.
        private = wanted.get("visibility") == "private" or wanted.get("private")
        repository = storage.create(repo_id, repo_type, token if private else None)
        files = {path: storage.blob(path, text) for path, text in FIRST_FILES.items()}
        repository.commit(files, title="initial commit")
        return json_reply(answer)

    def delete(self, request: RecordedRequest) -> Reply:
        wanted = json.loads(request.body)
        repo_type = wanted.get("type") or "model"
        repo_id = f"{wanted.get('organization') or USER}/{wanted['name']}"
        self.access.repository(request, repo_type, repo_id, write=True)
        del self.access.storage.repositories[repo_type, repo_id]
        return json_reply({})

    def settings(self, request: RecordedRequest, repo_type: str, repo_id: str) -> Reply:
        repository = self.access.repository(request, repo_type, repo_id, write=True)
        wanted = json.loads(request.body)
        visibility = wanted.get("visibility")
        if visibility is None and "private" in wanted:
            visibility = "private" if wanted["private"] else "public"
        if visibility is not None:
            private = visibility == "private"
            repository.private_token = request.token if private else None
        return json_reply({})

    def info(
        self,
        request: RecordedRequest,
        repo_type: str,
        repo_id: str,
        revision: str = "main",
    ) -> Reply:
        repository, commit = self.access.at(request, repo_type, repo_id, revision)
        siblings = []
        for path, blob in sorted(commit.files.items()):
            sibling = {"rfilename": path}
            if request.query.get("blobs"):
                sibling |= {"size": len(blob.content), "blobId": blob.git_oid}
                if blob.lfs:
                    sibling["lfs"] = {"sha256": blob.sha256, **blob.lfs_sizes}
            siblings.append(sibling)
        answer = {
            "_id": repository.repo_id,
            "id": repository.repo_id,
            "modelId": repository.repo_id,
            "author": repository.repo_id.partition("/")[0],
            "sha": commit.sha,
            "lastModified": DATE,
            "createdAt": DATE,
            "private": repository.private_token is not None,
            "gated": False,
            "disabled": False,
            "downloads": 0,
            "likes": 0,
            "tags": [],
            "siblings": siblings,
        }
        return json_reply(answer, **{"X-Repo-Commit": commit.sha})

    def refs(self, request: RecordedRequest, repo_type: str, repo_id: str) -> Reply:
        repository = self.access.repository(request, repo_type, repo_id)
        pulls = {
            name: sha
            for name, sha in repository.branches.items()
            if name.startswith("refs/")
        }
        branches = {
            name: sha for name, sha in repository.branches.items() if name not in pulls
        }
        return json_reply(
            {
                "branches": _references(branches, "refs/heads/"),
                "tags": _references(repository.tags, "refs/tags/"),
                "converts": [],
                "pullRequests": _references(pulls, ""),
            }
        )

    def commits(
        self, request: RecordedRequest, repo_type: str, repo_id: str, revision: str
    ) -> Reply:
        repository, _ = self.access.at(request, repo_type, repo_id, revision)
        return json_reply(
            [
                {
                    "id": commit.sha,
                    "title": commit.title,
                    "message": commit.message,
                    "authors": [{"user": USER}],
                    "date": DATE,
                }
                for commit in repository.history(revision)
            ]
        )

    def tag(
        self, request: RecordedRequest, repo_type: str, repo_id: str, revision: str
    ) -> Reply:
        """POST makes a tag at `revision`; DELETE removes the tag of that name."""
        repository = self.access.repository(request, repo_type, repo_id, write=True)
        if request.method == "DELETE":
            return _remove(repository.tags, revision)
        name = json.loads(request.body)["tag"]
        if name in repository.tags:
            raise fail(409, f"Tag {name} already exists")
        repository.tags[name] = revision_of(repository, revision).sha
        return json_reply({})

    def branch(
        self, request: RecordedRequest, repo_type: str, repo_id: str, name: str
    ) -> Reply:
        repository = self.access.repository(request, repo_type, repo_id, write=True)
        if request.method == "DELETE":
            return _remove(repository.branches, name)
        if name in repository.branches:
            raise fail(409, f"Reference already exists: {name}")
        start = json.loads(request.body or b"{}").get("startingPoint") or "main"
        repository.branches[name] = revision_of(repository, start).sha
        return json_reply({})

    def web_url(self, repo_type: str, repo_id: str) -> str:
        prefix = "" if repo_type == "model" else f"{repo_type}s/"
        return f"{self.url}/{prefix}{repo_id}"


def _references(named: dict[str, str], prefix: str) -> list[dict]:
    return [
        {"name": name, "ref": prefix + name, "targetCommit": sha}
        for name, sha in sorted(named.items())
    ]


def _remove(named: dict[str, str], name: str) -> Reply:
    if named.pop(name, None) is None:
        raise fail(404, f"Invalid rev id: {name}", "RevisionNotFound")
    return json_reply({})


def may_commit_to(repository: Repository, revision: str) -> str:
    """The branch that a commit to `revision` moves; tags and shas are fixed."""
    name = revision.removeprefix("refs/heads/")
    if name not in repository.branches:
        raise fail(404, f"Invalid rev id: {revision}", "RevisionNotFound")
    return name
