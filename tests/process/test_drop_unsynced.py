"""The library of tests/crash does what it says: killed processes lose what they did not sync, and only that."""

import os
import signal
import subprocess

import pytest
from support.preload import drop_unsynced

# Runs first in every child: short names, and a death without any clean-up.
PRELUDE = """
import os, signal
RW = os.O_RDWR | os.O_CREAT
def die(): os.kill(os.getpid(), signal.SIGKILL)
def sync_folder(path="."):
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY); os.fsync(fd); os.close(fd)
def durable(path, content):
    fd = os.open(path, RW); os.write(fd, content); os.fsync(fd); os.close(fd); sync_folder()
def content(path):
    fd = os.open(path, os.O_RDONLY); data = os.read(fd, 1 << 20); os.close(fd); return data
"""


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "data"
    path.mkdir()
    return path


def run(folder, script, expect=-signal.SIGKILL, **options):
    done = subprocess.run(
        ["/usr/bin/python3", "-c", PRELUDE + script],
        cwd=folder,
        env={**os.environ, **drop_unsynced(folder, **options)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == expect, done.stderr
    return done.stdout


def after_crash(folder):
    """Names and contents once the next process has started there."""
    run(folder, "pass", expect=0)
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def test_synced_content_and_name_survive(folder):
    run(folder, "durable('a', b'hello'); die()")
    assert after_crash(folder) == {"a": b"hello"}


def test_unsynced_write_is_lost(folder):
    run(folder, "durable('a', b'hello')\nfd = os.open('a', os.O_RDWR); os.pwrite(fd, b'HELLO world', 0); die()")
    assert after_crash(folder) == {"a": b"hello"}


def test_program_sees_its_own_unsynced_writes(folder):
    script = """
durable('a', b'0123456789')
fd = os.open('a', os.O_RDWR)
os.pwrite(fd, b'xy', 4); os.pwrite(fd, b'end', 5000)
other = os.open('a', os.O_RDONLY)
assert os.pread(other, 10, 0) == b'0123xy6789'
assert os.pread(other, 5000, 0)[10:] == bytes(4990)
assert os.pread(other, 10, 5000) == b'end'
assert os.stat('a').st_size == os.fstat(fd).st_size == os.lseek(fd, 0, os.SEEK_END) == 5003
os.close(fd); os.close(other)
assert content('a')[:10] == b'0123xy6789'
die()
"""
    run(folder, script)
    assert after_crash(folder) == {"a": b"0123456789"}


def test_sync_covers_exactly_what_came_before(folder):
    run(folder, "durable('a', b'')\nfd = os.open('a', os.O_RDWR)\nos.write(fd, b'one'); os.fdatasync(fd); os.write(fd, b'two'); die()")
    assert after_crash(folder) == {"a": b"one"}


def test_name_without_folder_sync_is_lost_with_its_synced_content(folder):
    run(folder, "fd = os.open('a', RW); os.write(fd, b'x'); os.fsync(fd); die()")
    assert after_crash(folder) == {}


def test_rename_without_folder_sync_is_taken_back(folder):
    run(folder, "durable('a', b'old'); durable('a.new', b'new'); os.rename('a.new', 'a'); assert content('a') == b'new'; die()")
    assert after_crash(folder) == {"a": b"old", "a.new": b"new"}


def test_rename_with_folder_sync_stays(folder):
    run(folder, "durable('a', b'old'); durable('a.new', b'new'); os.rename('a.new', 'a'); sync_folder(); die()")
    assert after_crash(folder) == {"a": b"new"}


def test_removal_without_folder_sync_is_taken_back(folder):
    run(folder, "durable('a', b'kept'); os.unlink('a'); assert not os.path.exists('a'); die()")
    assert after_crash(folder) == {"a": b"kept"}


def test_removal_with_folder_sync_stays(folder):
    run(folder, "durable('a', b'x'); durable('b', b'y'); os.unlink('a'); sync_folder(); os.unlink('b'); die()")
    assert after_crash(folder) == {"b": b"y"}


def test_chain_of_names_is_taken_back_in_order(folder):
    run(folder, "durable('a', b'1')\nos.rename('a', 'b'); os.rename('b', 'c'); os.unlink('c')\nfd = os.open('a', RW); die()")
    assert after_crash(folder) == {"a": b"1"}


def test_folder_without_its_name_synced_is_lost_whole(folder):
    script = "os.mkdir('sub'); fd = os.open('sub/a', RW); os.write(fd, b'x'); os.fsync(fd); sync_folder('sub'); "
    run(folder, script + "die()")
    assert list(folder.iterdir()) != []
    after_crash(folder)
    assert list(folder.iterdir()) == []
    run(folder, script + "sync_folder(); die()")
    after_crash(folder)
    assert (folder / "sub" / "a").read_bytes() == b"x"


def test_truncation_without_sync_is_taken_back(folder):
    script = "durable('a', b'0123456789')\nfd = os.open('a', os.O_RDWR); os.ftruncate(fd, 4); assert content('a') == b'0123'; "
    run(folder, script + "os.ftruncate(fd, 8); assert content('a') == b'0123' + bytes(4); die()")
    assert after_crash(folder) == {"a": b"0123456789"}
    run(folder, script + "os.ftruncate(fd, 8); os.fsync(fd); die()")
    assert after_crash(folder) == {"a": b"0123" + bytes(4)}


def test_truncating_open_without_sync_is_taken_back(folder):
    run(folder, "durable('a', b'old')\nfd = os.open('a', os.O_RDWR | os.O_TRUNC); os.write(fd, b'n'); assert content('a') == b'n'; die()")
    assert after_crash(folder) == {"a": b"old"}


def test_preallocation_and_its_length(folder):
    script = "durable('a', b'x')\nfd = os.open('a', os.O_RDWR); os.posix_fallocate(fd, 0, 10000); assert os.stat('a').st_size == 10000; "
    run(folder, script + "die()")
    assert after_crash(folder) == {"a": b"x"}
    run(folder, script + "os.fsync(fd); die()")
    assert after_crash(folder) == {"a": b"x" + bytes(9999)}


def test_append_mode_and_vectors(folder):
    script = """
durable('a', b'1')
fd = os.open('a', os.O_WRONLY | os.O_APPEND)
os.writev(fd, [b'2', b'3' * 5000]); os.write(fd, b'4'); os.fsync(fd); os.write(fd, b'5'); die()
"""
    run(folder, script)
    assert after_crash(folder) == {"a": b"12" + b"3" * 5000 + b"4"}


def test_lying_sync_loses_what_was_said_to_be_durable(folder, tmp_path):
    lie = tmp_path / "lie"
    run(folder, "durable('a', b'before'); die()", lie=lie)
    lie.touch()
    run(folder, "durable('a', b'AFTER!'); durable('b', b'x'); os.rename('a', 'c'); sync_folder(); die()", lie=lie)
    assert after_crash(folder) == {"a": b"before"}


def test_early_write_back_reaches_the_disk_without_sync(folder):
    run(folder, "durable('a', bytes(8192))\nfd = os.open('a', os.O_RDWR); os.pwrite(fd, b'x' * 8192, 0); die()", early_percent=100)
    assert after_crash(folder) == {"a": b"x" * 8192}


def test_what_is_not_modelled_is_refused(folder):
    script = "durable('a', bytes(4096))\nimport mmap\nfd = os.open('a', os.O_RDWR); mmap.mmap(fd, 4096)"
    run(folder, script, expect=-signal.SIGABRT)


def test_other_folders_are_left_alone(folder, tmp_path):
    run(folder, f"fd = os.open({str(tmp_path / 'outside')!r}, RW); os.write(fd, b'x'); die()")
    assert (tmp_path / "outside").read_bytes() == b"x"
