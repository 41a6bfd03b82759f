"""What the scripts of this folder share: they write definitions as `rqrcron apply` reads them."""

import contextlib
import json
import os
import sys


class Unconvertible(Exception):
    """A job that cannot become a definition, and why."""


def set_up_django(program):
    """Loads Django's apps where DJANGO_SETTINGS_MODULE names its settings: before that its models cannot be imported."""
    settings = os.environ.get("DJANGO_SETTINGS_MODULE")
    if not settings:
        return
    try:
        # Standard output is for the file.
        with contextlib.redirect_stdout(sys.stderr):
            import django

            django.setup()
    except Exception as error:  # whatever the settings and the apps raise
        sys.exit(f"{program}: DJANGO_SETTINGS_MODULE is {settings}, and Django cannot be set up with it: {error}")


def check_value(value, place):
    """Refuses what would reach the worker as another value than it is: a definition's arguments are JSON."""
    kind = type(value)
    if value is None or kind in (bool, int, float, str):
        return
    if kind is list:
        for index, element in enumerate(value):
            check_value(element, f"{place}[{index}]")
    elif kind is dict:
        for key, element in value.items():
            if type(key) is not str:
                raise Unconvertible(f"{place} has the key {key!r}, and keys of JSON are texts")
            check_value(element, f"{place}[{key!r}]")
    elif kind is tuple:
        raise Unconvertible(f"{place} is a tuple, which would reach the worker as a list")
    else:
        raise Unconvertible(f"{place} is {'an' if kind.__name__[0] in 'aeiou' else 'a'} {kind.__name__}, which JSON has not")


def call_fields(func_name, args, kwargs):
    """The fields of a definition that say what is called."""
    fields = {"func": func_name}
    for index, value in enumerate(args or ()):
        check_value(value, f"args[{index}]")
    check_value(dict(kwargs or {}), "kwargs")
    if args:
        fields["args"] = list(args)
    if kwargs:
        fields["kwargs"] = dict(kwargs)
    return fields


def option_fields(job_timeout, result_ttl, ttl, failure_ttl, meta):
    """The fields of a definition that say how it runs; what has rq's default is left out."""
    fields = {"job_timeout": job_timeout, "result_ttl": result_ttl, "ttl": ttl, "failure_ttl": failure_ttl}
    fields = {name: value for name, value in fields.items() if value is not None}
    for name, value in fields.items():
        if type(value) is not int:
            raise Unconvertible(f"{name} is {value!r}, and whole seconds are wanted")
    if fields.get("result_ttl") == 500:
        del fields["result_ttl"]
    check_value(dict(meta or {}), "meta")
    if meta:
        fields["meta"] = dict(meta)
    return fields


def whole_seconds(interval):
    """An interval as a definition has it."""
    if interval != int(interval):
        raise Unconvertible(f"its interval is {interval} s, and whole seconds are wanted")
    return int(interval)


def write(source, definitions, problems, skip, program):
    """Prints the file, or nothing when there are problems that were not waved through; returns the exit status."""
    for name, reason in problems:
        print(f"{program}: {name}: {reason}", file=sys.stderr)
    if problems and not skip:
        print(f"{program}: nothing written; --skip leaves these out", file=sys.stderr)
        return 1
    lines = ",\n".join("  " + json.dumps(definition) for definition in definitions)
    print(f'{{"source": {json.dumps(source)}, "jobs": [\n{lines}\n]}}')
    print(f"{program}: {len(definitions)} definitions", file=sys.stderr)
    return 0
