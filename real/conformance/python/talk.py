"""python-etcd3, unmodified, against a member with TLS; ends with an exception when it is displeased."""

import io
import sys
import threading

import etcd3


def keys(client):
    client.put("py/a", "1")
    client.put("py/b", "2")
    value, meta = client.get("py/a")
    assert (value, meta.key, meta.version) == (b"1", b"py/a", 1)
    assert client.get("missing") == (None, None)
    found = client.get_prefix("py/", sort_order="descend", sort_target="key")
    assert [(meta.key, value) for value, meta in found] == [(b"py/b", b"2"), (b"py/a", b"1")]
    assert client.put_if_not_exists("py/c", "3") and not client.put_if_not_exists("py/c", "4")
    assert client.replace("py/c", "3", "5") and not client.replace("py/c", "3", "6")
    response = client.delete("py/c", prev_kv=True, return_response=True)
    assert (response.deleted, response.prev_kvs[0].value) == (1, b"5")
    assert client.delete_prefix("py/").deleted == 2


def transactions(client):
    client.put("doot", "1")
    swap = dict(
        compare=[client.transactions.value("doot") == "1", client.transactions.version("doot") > 0],
        success=[client.transactions.put("doot", "2"), client.transactions.get("doot")],
        failure=[client.transactions.get("doot")],
    )
    succeeded, answers = client.transaction(**swap)
    assert succeeded and answers[1][0][0] == b"2"
    succeeded, answers = client.transaction(**swap)
    assert not succeeded and answers[0][0][0] == b"2"


def watches(client):
    events, cancel = client.watch_prefix("seen/")
    client.put("seen/a", "1")
    client.delete("seen/a")
    first, second = next(events), next(events)
    assert isinstance(first, etcd3.events.PutEvent) and first.value == b"1"
    assert isinstance(second, etcd3.events.DeleteEvent) and second.key == b"seen/a"
    cancel()
    start = first._event.kv.mod_revision
    events, cancel = client.watch("seen/a", start_revision=start)
    assert next(events).mod_revision == start
    cancel()
    timer = threading.Timer(0.2, lambda: client.put("once", "now"))
    timer.start()
    assert client.watch_once("once", timeout=20).value == b"now"
    timer.join()


def leases(client):
    lease = client.lease(30)
    client.put("leased", "1", lease=lease)
    assert lease.granted_ttl == 30 and lease.remaining_ttl > 0 and lease.keys == [b"leased"]
    assert [answer.TTL for answer in lease.refresh()] == [30]
    lease.revoke()
    assert client.get("leased") == (None, None)
    with client.lock("door", ttl=20) as lock:
        assert lock.is_acquired()


def maintenance(client):
    assert sorted(member.name for member in client.members) == ["m0", "m1", "m2"]
    status = client.status()
    assert status.version.startswith("3.6.") and status.leader is not None
    assert list(client.list_alarms()) == []
    assert client.hash() != 0
    client.defragment()
    file = io.BytesIO()
    client.snapshot(file)
    assert file.tell() > 4096
    revision = client.put("late", "1").header.revision
    client.compact(revision, physical=True)
    events, _ = client.watch("late", start_revision=1)
    try:
        next(events)
        raise AssertionError("the past is still there")
    except etcd3.exceptions.RevisionCompactedError as compacted:
        assert compacted.compacted_revision == revision


def main(port, ca, cert, key):
    options = dict(host="127.0.0.1", port=int(port), ca_cert=ca, cert_cert=cert, cert_key=key)
    with etcd3.client(timeout=20, **options) as client:
        for conversation in (keys, transactions, watches, leases, maintenance):
            conversation(client)
            print(conversation.__name__, "ok")


main(*sys.argv[1:])
