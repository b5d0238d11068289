"""An archive that lost or changed a byte is not restored."""

import io
import json
import tarfile

import pytest

from lms.backup.archive import BadArchive, unpack, write_archive


@pytest.fixture
def archive(tmp_path):
    source = tmp_path / "source"
    (source / "deep").mkdir(parents=True)
    (source / "deep" / "a.bin").write_bytes(bytes(range(256)) * 900)
    (source / "ü.txt").write_text("Grüße")
    path = tmp_path / "backup.tar.gz"
    with write_archive(path) as writer:
        writer.add_tree("files", source)
        writer.finish({"made_at": "now"})
    return path


def crafted(path, files: dict[str, bytes], promised: dict | None = None):
    """An archive as somebody else might write one."""
    manifest = json.dumps({"format": 1, "files": promised or {}}).encode()
    with tarfile.open(path, "w:gz") as tar:
        for name, content in {**files, "manifest.json": manifest}.items():
            head = tarfile.TarInfo(name)
            head.size = len(content)
            tar.addfile(head, io.BytesIO(content))
    return path


def test_there_and_back(archive, tmp_path):
    manifest = unpack(archive, tmp_path / "out")
    assert (tmp_path / "out/files/deep/a.bin").read_bytes() == bytes(range(256)) * 900
    assert (tmp_path / "out/files/ü.txt").read_text() == "Grüße"
    assert manifest["made_at"] == "now"
    assert sorted(manifest["files"]) == ["files/deep/a.bin", "files/ü.txt"]
    assert archive.stat().st_mode & 0o777 == 0o600


def test_a_cut_archive_is_refused(archive, tmp_path):
    whole = archive.read_bytes()
    for length in (0, 20, len(whole) // 2, len(whole) - 300):
        archive.write_bytes(whole[:length])
        with pytest.raises(BadArchive, match="damaged"):
            unpack(archive, tmp_path / f"out{length}")


def test_a_changed_byte_is_refused(archive, tmp_path):
    whole = bytearray(archive.read_bytes())
    whole[len(whole) // 2] ^= 1
    archive.write_bytes(whole)
    with pytest.raises(BadArchive, match="damaged"):
        unpack(archive, tmp_path / "out")


def test_another_content_than_the_manifest_promises_is_refused(tmp_path):
    promised = {"files/a": {"size": 1, "sha256": "0" * 64}}
    with pytest.raises(BadArchive, match="files/a is not what was saved"):
        unpack(crafted(tmp_path / "a.tar.gz", {"files/a": b"x"}, promised), tmp_path / "one")
    with pytest.raises(BadArchive, match="files/a is not what was saved"):
        unpack(crafted(tmp_path / "b.tar.gz", {}, promised), tmp_path / "two")
    with pytest.raises(BadArchive, match="files/more is not what was saved"):
        unpack(crafted(tmp_path / "c.tar.gz", {"files/more": b"x"}), tmp_path / "three")


@pytest.mark.parametrize("name", ["../outside", "files/../../outside", "/outside"])
def test_no_name_leads_out_of_the_folder(tmp_path, name):
    with pytest.raises(BadArchive, match="does not belong into a backup"):
        unpack(crafted(tmp_path / "evil.tar.gz", {name: b"x"}), tmp_path / "a/b")
    assert not list(tmp_path.rglob("outside"))


def test_nothing_there_and_no_archive(tmp_path):
    with pytest.raises(BadArchive, match="There is no file"):
        unpack(tmp_path / "none.tar.gz", tmp_path)
    (tmp_path / "text").write_text("hello")
    with pytest.raises(BadArchive, match="damaged"):
        unpack(tmp_path / "text", tmp_path / "out")


def test_a_backup_that_failed_leaves_no_file(tmp_path):
    with pytest.raises(OSError), write_archive(tmp_path / "half.tar.gz") as writer:
        writer.add("a", tmp_path / "missing")
    assert list(tmp_path.iterdir()) == []
