"""Repositories in memory: commits, branches, tags and pull requests."""

import hashlib
from dataclasses import dataclass, field

# What the Hub stores outside git, whatever its size.
LFS_SUFFIXES = (
    ".arrow",
    ".bin",
    ".gif",
    ".h5",
    ".keras",
    ".npy",
    ".npz",
    ".parquet",
    ".png",
    ".safetensors",
    ".zip",
)
LFS_BYTES = 10_000_000
FIRST_FILES = {
    ".gitattributes": "".join(
        f"*{suffix} filter=lfs diff=lfs merge=lfs -text\n" for suffix in LFS_SUFFIXES
    ).encode()
}


def is_lfs(path: str, size: int, sample: bytes) -> bool:
    """Whether a file is kept by its sha256 outside git. Empty files never are."""
    if size == 0:
        return False
    return path.endswith(LFS_SUFFIXES) or size > LFS_BYTES or b"\x00" in sample


@dataclass(frozen=True)
class Blob:
    """The content of one file."""

    content: bytes
    lfs: bool

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()

    @property
    def pointer(self) -> bytes:
        """The text that git keeps in place of a large file."""
        return (
            "version https://git-lfs.github.com/spec/v1\n"
            f"oid sha256:{self.sha256}\nsize {len(self.content)}\n"
        ).encode()

    @property
    def lfs_sizes(self) -> dict[str, int]:
        return {"size": len(self.content), "pointerSize": len(self.pointer)}

    @property
    def git_oid(self) -> str:
        stored = self.pointer if self.lfs else self.content
        head = b"blob %d\x00" % len(stored)
        return hashlib.sha1(head + stored).hexdigest()

    @property
    def etag(self) -> str:
        return self.sha256 if self.lfs else self.git_oid


@dataclass(frozen=True)
class Commit:
    sha: str
    parent: str | None
    title: str
    message: str
    files: dict[str, Blob]


@dataclass
class Repository:
    """One repository. `branches` includes pull requests as `refs/pr/1`."""

    repo_id: str
    repo_type: str
    # Mixed into every commit, so that no two repositories share a sha: a file left
    # in a cache by another test can then never answer for this one.
    salt: str
    private_token: str | None = None
    commits: dict[str, Commit] = field(default_factory=dict)
    branches: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    pull_requests: int = 0

    def commit(
        self,
        files: dict[str, Blob],
        *,
        title: str,
        message: str = "",
        branch: str = "main",
        parent: str | None = None,
    ) -> Commit:
        """Adds a commit with exactly these files and moves `branch` to it."""
        parent = parent or self.branches.get(branch)
        text = f"{self.salt} {self.repo_type} {self.repo_id} {parent} {title}\n"
        text += "".join(f"{path} {files[path].etag}\n" for path in sorted(files))
        sha = hashlib.sha1(text.encode()).hexdigest()
        commit = Commit(sha, parent, title, message, dict(files))
        self.commits[sha] = commit
        self.branches[branch] = sha
        return commit

    def resolve(self, revision: str) -> Commit | None:
        """The commit that a branch, tag, full sha or `refs/...` name means."""
        name = revision
        for prefix in ("refs/heads/", "refs/tags/"):
            name = name.removeprefix(prefix)
        sha = self.branches.get(name) or self.tags.get(name) or name
        return self.commits.get(sha)

    def history(self, revision: str) -> list[Commit]:
        """The commit of `revision` and its ancestors, newest first."""
        found, commit = [], self.resolve(revision)
        while commit is not None:
            found.append(commit)
            commit = self.commits.get(commit.parent) if commit.parent else None
        return found

    def open_pull_request(self, base: Commit) -> str:
        """The branch of a new pull request, which starts at `base`."""
        self.pull_requests += 1
        branch = f"refs/pr/{self.pull_requests}"
        self.branches[branch] = base.sha
        return branch


class Storage:
    """All repositories and the large files, which they share by sha256."""

    def __init__(self) -> None:
        self.generation = 0
        self.clear()

    def clear(self) -> None:
        self.generation += 1
        self.repositories: dict[tuple[str, str], Repository] = {}
        self.large: dict[str, bytes] = {}
        self.token_role = "write"  # of the account's token, or "read"

    def create(
        self, repo_id: str, repo_type: str, private_token: str | None
    ) -> Repository:
        repository = Repository(
            repo_id, repo_type, f"{self.generation}", private_token=private_token
        )
        self.repositories[repo_type, repo_id] = repository
        return repository

    def blob(self, path: str, content: bytes) -> Blob:
        blob = Blob(content, is_lfs(path, len(content), content[:512]))
        if blob.lfs:
            self.large[blob.sha256] = content
        return blob
