"""What clients may do at most: rates, sizes and quotas. ``docs/limits.md`` has all bounds."""

from __future__ import annotations

from typing import ClassVar

import click

from bucketry_cli.serve_options.group import Group, option
from bucketry_cli.serve_options.needs import S3, Need, needs
from bucketry_cli.serve_options.numbers import FiniteRange

_MIB = 1024 * 1024
_MOST = 64 * _MIB
"""Nothing that is read as a whole may be larger: each request in progress may hold so much."""


def _most(
    name: str, default: int, least: int, most: int, text: str, metavar: str = "BYTES", need: Need | None = None
) -> click.Option:
    """Returns an option with a limit on what a request has besides an object."""
    return option(
        name,
        type=click.IntRange(least, most),
        default=default,
        show_default=True,
        metavar=metavar,
        help=text,
        need=need,
    )


class LimitOptions(Group, frozen=True, kw_only=True):
    """What clients may do at most."""

    TITLE: ClassVar = "Limits"
    OPTIONS: ClassVar = (
        option(
            "--principal-requests",
            type=FiniteRange(0),
            default=0.0,
            show_default=True,
            metavar="RATE",
            help="Most requests a second of each user (or key without one) on average, at least 1 a day; 0: any.",
        ),
        option(
            "--principal-bytes",
            type=click.IntRange(0),
            default=0,
            show_default=True,
            metavar="RATE",
            help="Most bytes of bodies a second of each user on average, at least 65536; 0: any number.",
        ),
        option(
            "--principal-concurrency",
            type=click.IntRange(0),
            default=0,
            show_default=True,
            metavar="N",
            help="Most requests in progress of each user; 0: any number.",
        ),
        option(
            "--address-requests",
            type=FiniteRange(0),
            default=0.0,
            show_default=True,
            metavar="RATE",
            help="Most requests a second of each address on average, at least 1 a day; 0: any.",
        ),
        option(
            "--address-bytes",
            type=click.IntRange(0),
            default=0,
            show_default=True,
            metavar="RATE",
            help="Most bytes of bodies a second of each address on average, at least 65536; 0: any number.",
        ),
        option(
            "--address-concurrency",
            type=click.IntRange(0),
            default=0,
            show_default=True,
            metavar="N",
            help="Most requests in progress of each address; 0: any number.",
        ),
        option(
            "--max-object-size",
            type=click.IntRange(0),
            default=0,
            show_default=True,
            metavar="BYTES",
            help="Largest object, whichever operation makes it; 0: what the store takes.",
        ),
        _most("--max-list-bytes", 8 * _MIB, 1024, _MOST, "Longest list of keys, parts or lifecycle rules in a body."),
        _most("--max-json-bytes", 64 * 1024, 1024, _MOST, "Longest other JSON body of the REST API."),
        _most(
            "--max-xml-bytes", 256 * 1024, 1024, _MOST, "Longest other document in the body of an S3 request.", need=S3
        ),
        _most(
            "--max-xml-elements", 50_000, 100, 1_000_000, "Most elements of the XML of an S3 request.", "ELEMENTS", S3
        ),
        _most("--max-form-files", 10_000, 1, 1_000_000, "Most files in one form of the REST API.", "FILES"),
        _most("--max-form-fields", 100, 10, 10_000, "Most fields of an S3 form, with its file.", "FIELDS", S3),
        _most(
            "--max-policy-bytes",
            64 * 1024,
            1024,
            _MOST,
            "Most bytes of the fields of an S3 form, without file.",
            need=S3,
        ),
        option(
            "--quota-recount-seconds",
            need=needs("[[quotas]] in the settings file", lambda values: bool(values["quotas"])),
            type=FiniteRange(1),
            default=3600.0,
            show_default=True,
            metavar="SECONDS",
            help="How often buckets with a quota are counted again.",
        ),
    )

    principal_requests: float
    principal_bytes: int
    principal_concurrency: int
    address_requests: float
    address_bytes: int
    address_concurrency: int
    max_object_size: int
    max_list_bytes: int
    max_json_bytes: int
    max_xml_bytes: int
    max_xml_elements: int
    max_form_files: int
    max_form_fields: int
    max_policy_bytes: int
    quota_recount_seconds: float
