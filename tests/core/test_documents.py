"""S3's documents of bucket settings: every kind goes there and back, and nothing that is not understood is dropped."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta, timezone

import msgspec
import pytest
from bucketry import (
    Acl,
    AclSettings,
    AnyBucketSettings,
    BucketSettings,
    Features,
    InvalidBucketSettings,
    LifecycleExpiration,
    LifecycleRule,
    LifecycleSettings,
    LoggingSettings,
    Owner,
    Store,
    TagSettings,
    VersioningSettings,
)
from bucketry.acls import GROUP_URIS, GROUPS, Grant, Grantee
from bucketry.bucket_settings import SETTINGS_KINDS, Configuration, ConfigurationSettings, LogTarget
from bucketry.documents import (
    BY_SUBRESOURCE,
    DOCUMENTS,
    OF_CONFIGURATIONS,
    Element,
    read_configuration,
    read_settings,
    write_configuration,
    write_settings,
)
from bucketry_contract._settings import EXAMPLE_KINDS, REFUSABLE, examples
from bucketry_memory import MemoryDriver, MemorySettings


def all_examples() -> Iterator[BucketSettings]:
    with Store(MemoryDriver(MemorySettings())) as store:
        store.create_bucket("bucket")
        for kind in EXAMPLE_KINDS:
            yield from examples(store, "bucket", kind)
    yield from REFUSABLE.values()


EXAMPLES = list(all_examples())
WHOLE = [one for one in EXAMPLES if not isinstance(one, ConfigurationSettings) and DOCUMENTS[type(one)].root]
ENTRIES = [entry for one in EXAMPLES if isinstance(one, ConfigurationSettings) for entry in one.configurations]


def named(listed: Sequence[object]) -> list[str]:
    return [f"{type(one).__name__}-{number}" for number, one in enumerate(listed)]


def leaf(name: str, text: str) -> Element:
    return Element(name, text)


def test_every_kind_has_its_document_feature_and_tag() -> None:
    assert tuple(DOCUMENTS) == SETTINGS_KINDS == tuple(document.kind for document in DOCUMENTS.values())
    assert set(EXAMPLE_KINDS) == set(SETTINGS_KINDS)
    assert len(BY_SUBRESOURCE) == len(DOCUMENTS)
    for kind in SETTINGS_KINDS:
        assert kind.feature in Features.__struct_fields__
        assert kind.feature == f"bucket_{kind.__struct_config__.tag}"
        assert issubclass(kind, ConfigurationSettings) == (DOCUMENTS[kind].subresource in OF_CONFIGURATIONS)
    assert set(GROUP_URIS) == set(GROUPS)


@pytest.mark.parametrize("settings", WHOLE, ids=named(WHOLE))
def test_settings_go_there_and_back(settings: BucketSettings) -> None:
    root = write_settings(settings)
    assert root.name == DOCUMENTS[type(settings)].root
    assert read_settings(root, type(settings)) == settings


@pytest.mark.parametrize("entry", ENTRIES, ids=named(ENTRIES))
def test_configurations_go_there_and_back(entry: Configuration) -> None:
    root = write_configuration(entry)
    assert root.name == type(entry).__name__
    assert read_configuration(root, type(entry)) == entry


@pytest.mark.parametrize("settings", EXAMPLES, ids=named(EXAMPLES))
def test_settings_are_stored_as_json(settings: BucketSettings) -> None:
    decoded = msgspec.json.decode(msgspec.json.encode(settings), type=AnyBucketSettings)
    assert decoded == settings == settings.checked()


def elements(root: Element) -> Iterator[tuple[int, ...]]:
    """Yields the place of each element below a root."""
    for number, child in enumerate(root.children):
        yield (number,)
        for place in elements(child):
            yield (number, *place)


def changed(root: Element, place: tuple[int, ...], *new: Element) -> Element:
    """Returns a tree with other elements in one place."""
    number, *rest = place
    children = list(root.children)
    children[number : number + 1] = [changed(children[number], tuple(rest), *new)] if rest else new
    return root._replace(children=tuple(children))


def at(root: Element, place: tuple[int, ...]) -> Element:
    for number in place:
        root = root.children[number]
    return root


@pytest.mark.parametrize("settings", WHOLE, ids=named(WHOLE))
def test_an_element_that_is_unknown_is_refused_wherever_it_is(settings: BucketSettings) -> None:
    root = write_settings(settings)
    strange = Element("Strange", "x")
    for place in [(), *elements(root)]:
        inside = at(root, place)
        wrong = inside._replace(children=(*inside.children, strange))
        with pytest.raises(InvalidBucketSettings) as caught:
            read_settings(changed(root, place, wrong) if place else wrong, type(settings))
        assert caught.value.fault == "schema"


@pytest.mark.parametrize("settings", WHOLE, ids=named(WHOLE))
def test_no_change_of_a_document_passes_as_what_it_was(settings: BucketSettings) -> None:
    root = write_settings(settings)
    for place in elements(root):
        inside = at(root, place)
        for new in ((), (inside, inside), (inside._replace(text=f"{inside.text}x", children=()),)):
            try:
                found = read_settings(changed(root, place, *new), type(settings))
            except InvalidBucketSettings:
                continue
            assert found != settings


@pytest.mark.parametrize(
    ("text", "number"), [("1", 1), (" 7 ", 7), ("+3", 3), ("-4", -4), ("0", 0), (str(2**40), 2**40)]
)
def test_numbers(text: str, number: int) -> None:
    size = Element("Filter", children=(leaf("ObjectSizeLessThan", text),))
    rule = Element("Rule", children=(size, leaf("Status", "Enabled")))
    found = read_settings(Element("LifecycleConfiguration", children=(rule,)), LifecycleSettings)
    assert found.rules[0].filter is not None
    assert found.rules[0].filter.size_less_than == number


@pytest.mark.parametrize("text", ["", "x", "1.0", "1e3", "0x1", "\u0661", "9" * 30, "1 2"])
def test_what_is_no_number(text: str) -> None:
    days = Element("Expiration", children=(leaf("Days", text),))
    rule = Element("Rule", children=(days, leaf("Status", "Enabled")))
    with pytest.raises(InvalidBucketSettings, match="Days is not a number"):
        read_settings(Element("LifecycleConfiguration", children=(rule,)), LifecycleSettings)


def dated(text: str) -> datetime | None:
    expiration = Element("Expiration", children=(leaf("Date", text),))
    rule = Element("Rule", children=(expiration, leaf("Status", "Enabled")))
    found = read_settings(Element("LifecycleConfiguration", children=(rule,)), LifecycleSettings).rules[0].expiration
    return None if found is None else found.date


@pytest.mark.parametrize(
    "text",
    [
        "2030-01-02",
        "2030-01-02T00:00:00Z",
        "2030-01-02T00:00:00.000Z",
        "2030-01-02T00:00Z",
        "2030-01-02T00:00:00+00:00",
        "2030-01-02T02:00:00+02:00",
        " 2030-01-02T00:00:00 ",
    ],
)
def test_dates(text: str) -> None:
    found = dated(text)
    assert found == datetime(2030, 1, 2, tzinfo=UTC)
    assert found.tzinfo is not None


@pytest.mark.parametrize(
    "text", ["", "20300102", "2030-13-01", "2030-01-02 00:00:00", "1893542400", "2030-W01-1", "now"]
)
def test_what_is_no_date(text: str) -> None:
    with pytest.raises(InvalidBucketSettings, match="ISO 8601"):
        dated(text)


def test_dates_are_written_in_utc() -> None:
    local = datetime(2030, 1, 2, 2, tzinfo=timezone(timedelta(hours=2)))
    rule = LifecycleRule(prefix="", status="Enabled", expiration=LifecycleExpiration(date=local))
    root = write_settings(LifecycleSettings(rules=(rule,)))
    assert Element("Date", "2030-01-02T00:00:00.000Z") in [at(root, place) for place in elements(root)]


def grantee(*children: Element, kind: str = "") -> Element:
    who = Element("Grantee", children=children, type=kind)
    grant = Element("Grant", children=(who, leaf("Permission", "READ")))
    owner = Element("Owner", children=(leaf("ID", "me"),))
    return Element("AccessControlPolicy", children=(owner, Element("AccessControlList", children=(grant,))))


@pytest.mark.parametrize(
    ("children", "kind", "expected"),
    [
        ((leaf("ID", "you"),), "CanonicalUser", Grantee(kind="user", id="you")),
        ((leaf("ID", "you"), leaf("DisplayName", "Y")), "", Grantee(kind="user", id="you", display_name="Y")),
        ((leaf("URI", GROUP_URIS["AllUsers"]),), "Group", Grantee(kind="group", id="AllUsers")),
        ((leaf("URI", GROUP_URIS["LogDelivery"]),), "", Grantee(kind="group", id="LogDelivery")),
        ((leaf("EmailAddress", "a@b"),), "AmazonCustomerByEmail", Grantee(kind="email", id="a@b")),
    ],
)
def test_grantees(children: tuple[Element, ...], kind: str, expected: Grantee) -> None:
    acl = read_settings(grantee(*children, kind=kind), AclSettings).acl
    assert acl == Acl(owner=Owner(id="me"), grants=(Grant(grantee=expected, permission="READ"),))
    assert read_settings(write_settings(AclSettings(acl=acl)), AclSettings).acl == acl


@pytest.mark.parametrize(
    ("children", "kind", "fault"),
    [
        ((), "CanonicalUser", "schema"),
        ((leaf("ID", "you"), leaf("URI", GROUP_URIS["AllUsers"])), "", "schema"),
        ((leaf("ID", "you"),), "Group", "schema"),
        ((leaf("URI", "http://example.com"),), "Group", "value"),
    ],
)
def test_what_is_no_grantee(children: tuple[Element, ...], kind: str, fault: str) -> None:
    with pytest.raises(InvalidBucketSettings) as caught:
        read_settings(grantee(*children, kind=kind), AclSettings)
    assert caught.value.fault == fault


def test_an_acl_without_grants_says_so() -> None:
    root = write_settings(AclSettings(acl=Acl(owner=Owner(id="me"))))
    assert root.children[1] == Element("AccessControlList")
    assert read_settings(root, AclSettings).acl == Acl(owner=Owner(id="me"))


def test_several_conditions_are_combined() -> None:
    (rule,) = EXAMPLES[_index(LifecycleSettings)].rules[:1]  # type: ignore[attr-defined]
    (combined,) = write_settings(LifecycleSettings(rules=(rule,))).children[0].children[1].children
    assert combined.name == "And"
    assert [child.name for child in combined.children] == ["Prefix", "Tag", "Tag"]
    alone = msgspec.structs.replace(rule, filter=msgspec.structs.replace(rule.filter, tags=()))
    (prefix,) = write_settings(LifecycleSettings(rules=(alone,))).children[0].children[1].children
    assert prefix == Element("Prefix", "logs/")


def _index(kind: type[BucketSettings]) -> int:
    return [type(one) for one in EXAMPLES].index(kind)


def test_another_document_is_refused() -> None:
    for name in ("Tags", "", "tagging"):
        with pytest.raises(InvalidBucketSettings, match="the document is not Tagging"):
            read_settings(Element(name), TagSettings)


def test_what_means_nothing_is_dropped() -> None:
    status = leaf("Status", "Enabled")
    for text in ("Disabled", " Disabled\n"):
        root = Element("VersioningConfiguration", children=(status, leaf("MfaDelete", text)))
        assert read_settings(root, VersioningSettings) == VersioningSettings(status="Enabled")
    root = Element("VersioningConfiguration", children=(status, leaf("MfaDelete", "Enabled")))
    with pytest.raises(InvalidBucketSettings):
        read_settings(root, VersioningSettings)


def test_texts_keep_their_blanks() -> None:
    settings = LoggingSettings(target=LogTarget(bucket="b", prefix=" a "))
    assert read_settings(write_settings(settings), LoggingSettings) == settings
