"""What clients may do at most: rates, sizes and quotas. ``docs/limits.md`` has all bounds."""

from __future__ import annotations

from typing import ClassVar

import click

from bucketry_cli.serve_options.group import Group, option
from bucketry_cli.serve_options.numbers import FiniteRange

_MIB = 1024 * 1024


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
            help="Most requests a second of each user (or access key without one) on average; 0: any number.",
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
            help="Most requests a second of each address on average; 0: any number.",
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
        option(
            "--max-form-files",
            type=click.IntRange(1, 1_000_000),
            default=10_000,
            show_default=True,
            metavar="FILES",
            help="Most files in one form of the REST API.",
        ),
        option(
            "--max-xml-bytes",
            type=click.IntRange(1024, 1024 * _MIB),
            default=8 * _MIB,
            show_default=True,
            metavar="BYTES",
            help="Longest list of keys or parts in the XML of an S3 request.",
        ),
        option(
            "--max-policy-bytes",
            type=click.IntRange(1024, 1024 * _MIB),
            default=64 * 1024,
            show_default=True,
            metavar="BYTES",
            help="Most bytes of the fields of an S3 form, without its file.",
        ),
        option(
            "--quota-recount-seconds",
            type=FiniteRange(1),
            default=3600.0,
            show_default=True,
            metavar="SECONDS",
            help="How often buckets with a quota ([[quotas]] of the settings file) are counted again.",
        ),
    )

    principal_requests: float
    principal_bytes: int
    principal_concurrency: int
    address_requests: float
    address_bytes: int
    address_concurrency: int
    max_object_size: int
    max_form_files: int
    max_xml_bytes: int
    max_policy_bytes: int
    quota_recount_seconds: float
