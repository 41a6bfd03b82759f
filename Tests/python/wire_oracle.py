"""Answers, from the real Python packages, what the wire format should be.

Usage: wire_oracle.py OPERATION; one question a line on standard input, one answer a line on standard output. The parts
of a line are separated by a space; bytes are in hexadecimal, with an `x` before them.
"""

import ast
import hashlib
import json
import pickle
import sys
import uuid
import zlib
from datetime import datetime, timedelta, timezone

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
NAMESPACE = uuid.UUID("6f1c2f0a-5e5b-5c55-9d0b-1f6f0e7a3c11")


def unhex(word):
    assert word[0] == "x", word
    return bytes.fromhex(word[1:])


def enhex(value):
    if isinstance(value, str):
        value = value.encode("utf-8", "surrogatepass")
    return "x" + value.hex()


def instant(microseconds):
    return EPOCH + timedelta(microseconds=int(microseconds))


def microseconds(moment):
    return (moment - EPOCH) // timedelta(microseconds=1)


def redis_bytes(value):
    """A value as redis-py sends it."""
    if isinstance(value, bytes):
        return value
    return (value if isinstance(value, str) else repr(value)).encode()


def fields_line(fields):
    return " ".join(f"{name} {enhex(redis_bytes(value))}" for name, value in fields.items())


def answer_json(text):
    try:
        value = json.loads(unhex(text).decode())
    except (ValueError, RecursionError):
        return "error"
    compact = json.dumps(value, separators=(",", ":"), sort_keys=True)
    return f"{enhex(compact)} {enhex(json.dumps(value))}"


def answer_json_repr(text):
    return enhex(repr(json.loads(unhex(text).decode())))


def answer_literal(text):
    """What a Python literal comes to in a worker, by way of JSON; `error` where Python or JSON refuses it."""
    try:
        value = ast.literal_eval(unhex(text).decode())
        return enhex(repr(json.loads(json.dumps(value))))
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return "error"


def answer_depth(data):
    """How many lists are nested in the first argument of a pickled call, which repr() may be unable to tell."""
    name, instance, args, kwargs = pickle.loads(zlib.decompress(unhex(data)))
    depth, value = 0, args[0]
    while isinstance(value, list):
        depth += 1
        value = value[0] if value else None
    return str(depth)


def answer_time(count, definition):
    moment = instant(count)
    text = f"{moment.year:04d}" + moment.strftime("-%m-%dT%H:%M:%S.%fZ")
    # Not uuid5(), which takes bytes from Python 3.12 on only: the id of a definition is not always text.
    name = unhex(definition) + b"|" + text.encode()
    planned = uuid.UUID(bytes=hashlib.sha1(NAMESPACE.bytes + name).digest()[:16], version=5)
    if unhex(definition).isascii():
        assert planned == uuid.uuid5(NAMESPACE, name.decode())
    return f"{text} {moment.timestamp()!r} {planned}"


def answer_parsed_time(text):
    from rq.utils import utcparse

    try:
        return str(microseconds(utcparse(unhex(text).decode())))
    except (ValueError, OverflowError):
        return "error"


def answer_int(text):
    try:
        return str(int(unhex(text).decode()))
    except ValueError:
        return "error"


def answer_repr_block(start, end, excluded):
    left_out = set()
    for span in excluded.split(",") if excluded != "-" else []:
        first, last = span.split("-")
        left_out.update(range(int(first), int(last) + 1))
    return enhex(repr("".join(chr(c) for c in range(int(start), int(end)) if c not in left_out)))


def answer_identifier(code_point):
    character = chr(int(code_point))
    return f"{int(character.isidentifier())}{int(('a' + character).isidentifier())}"


def answer_job(
    serializer, function, args, kwargs, queue, timeout, result_ttl, ttl, failure_ttl, meta, options, data, our_meta
):
    """The hash of the job that RQ itself would enqueue, times left empty, after a check of our data against its own."""
    from rq import Queue
    from rq.serializers import DefaultSerializer, JSONSerializer

    from job_options import job_options

    def number(word):
        return None if word == "-" else int(word)

    name = unhex(function).decode()
    codec = {"pickle": DefaultSerializer, "json": JSONSerializer}[serializer]
    values = tuple(json.loads(unhex(args)))
    keywords = json.loads(unhex(kwargs))
    if serializer == "json":
        values = list(values)
    q = Queue(unhex(queue).decode(), connection=NoConnection(), serializer=codec)
    q.get_redis_server_version = lambda: (7, 0, 15)
    job = q.create_job(
        name,
        args=values,
        kwargs=keywords,
        timeout=number(timeout),
        result_ttl=number(result_ttl),
        ttl=number(ttl),
        failure_ttl=number(failure_ttl),
        meta=json.loads(unhex(meta)),
        **job_options(json.loads(unhex(options))),
    )
    q._prepare_for_queue(job)
    ours = codec.loads(zlib.decompress(unhex(data)))
    theirs = codec.loads(job.data)
    assert repr(ours) == repr(theirs), f"{ours!r} is not {theirs!r}"
    fields = {"status": job.get_status(refresh=False).value}
    fields.update((k, v) for k, v in job.to_dict().items() if k != "status")
    fields["data"] = unhex(data)
    if "meta" in fields:
        assert repr(codec.loads(unhex(our_meta))) == repr(job.meta)
        fields["meta"] = unhex(our_meta)
    fields["created_at"] = fields["enqueued_at"] = ""
    return fields_line(fields)


def answer_definition(*words):
    """The hash that rq-rediscron writes of a definition which it has read from our hash."""
    from rediscron import RedisCronJob

    raw = {words[i].encode(): unhex(words[i + 1]) for i in range(0, len(words), 2)}
    return fields_line(RedisCronJob.restore(raw).to_dict())


class NoConnection:
    """Stands for a connection where RQ only asks whether there is one."""


ANSWERS = {
    "json": answer_json,
    "json-repr": answer_json_repr,
    "literal": answer_literal,
    "depth": answer_depth,
    "time": answer_time,
    "parsed-time": answer_parsed_time,
    "int": answer_int,
    "repr-block": answer_repr_block,
    "identifier": answer_identifier,
    "job": answer_job,
    "definition": answer_definition,
}

if __name__ == "__main__":
    answer = ANSWERS[sys.argv[1]]
    for line in sys.stdin:
        print(answer(*line.split()))
