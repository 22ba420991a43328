"""Users of a directory at the S3 port: each sees and does what the roles say, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from bucketry import CreateBucketOptions, InvalidSettings, Owner, Secret, Store
from bucketry_access import Accounts, Directory, KeyPair, User
from bucketry_http import S3Credential, S3Settings, create_s3_app
from bucketry_http.shared.failed_attempts import PER_CREDENTIAL
from bucketry_memory import MemoryDriver, MemorySettings
from types_boto3_s3 import S3Client

from tests.http.accounts import RIGHTS, Team, secret_of
from tests.http.s3.serving import memory_store, serving
from tests.http.s3.users import allow, client, denied, policy, raw

BUCKETS = ("team-a-1", "team-a-2", "team-b-1", "other")


class Served:
    """An endpoint, with a client for each user."""

    def __init__(self, url: str, store: Store) -> None:
        self.url = url
        self.store = store
        clients = {name: self.client(f"{name}-key", secret_of(name)) for name in RIGHTS}
        self.alice, self.bob, self.carol, self.dave, self.erin, self.backup, self.boss = clients.values()
        self.nobody = client(url, None)

    def client(self, access_key: str, secret_key: str, **config: Any) -> S3Client:
        return client(self.url, S3Credential(access_key=access_key, secret_key=Secret(secret_key)), **config)


@contextmanager
def served(directory: Directory, *, store: Store | None = None, **settings: Any) -> Iterator[Served]:
    with store or memory_store() as store:
        for bucket in BUCKETS:
            store.create_bucket(bucket, CreateBucketOptions(owner=Owner(id="carol")))
            store.put_object(bucket, "erin/k", b"erin's")
            store.put_object(bucket, "k", b"content")
        with serving(store, directory=directory, **settings) as url:
            yield Served(url, store)


@pytest.fixture(scope="module")
def team() -> Iterator[Served]:
    with served(Team().directory, credentials=()) as found:
        yield found


def names(of: S3Client) -> list[str]:
    return [bucket["Name"] for bucket in of.list_buckets()["Buckets"]]


def test_each_sees_their_own_buckets(team: Served) -> None:
    assert names(team.alice) == names(team.bob) == ["team-a-1", "team-a-2"]
    assert names(team.carol) == ["team-a-1", "team-a-2", "team-b-1"]
    assert names(team.dave) == []
    assert names(team.erin) == ["team-a-1"]
    assert names(team.backup) == names(team.boss) == sorted(BUCKETS)
    denied(team.nobody.list_buckets)


def test_a_reader_reads_and_a_writer_writes_whoever_owns_the_bucket(team: Served) -> None:
    for reader in (team.alice, team.bob, team.carol, team.backup, team.boss):
        assert reader.get_object(Bucket="team-a-1", Key="k")["Body"].read() == b"content"
        assert reader.list_objects_v2(Bucket="team-a-1")["KeyCount"] == 2
    for writer in (team.alice, team.carol, team.boss):
        writer.put_object(Bucket="team-a-1", Key="new", Body=b"x", Tagging="a=b")
        writer.delete_object(Bucket="team-a-1", Key="new")
    for other in (team.bob, team.dave, team.backup, team.nobody):
        denied(other.put_object, Bucket="team-a-1", Key="k", Body=b"x")
        denied(other.delete_object, Bucket="team-a-1", Key="k")
    for other in (team.alice, team.bob, team.dave, team.erin, team.nobody):
        denied(other.get_object, Bucket="team-b-1", Key="k")
        denied(other.list_objects_v2, Bucket="team-b-1")


def test_what_a_member_writes_belongs_to_the_owner_of_the_bucket(team: Served) -> None:
    team.alice.put_object(Bucket="team-a-1", Key="whose", Body=b"x")
    assert team.store.get_object_acl("team-a-1", "whose").owner.id == "carol"
    team.alice.delete_object(Bucket="team-a-1", Key="whose")


def test_only_an_admin_makes_buckets_and_changes_their_settings(team: Served) -> None:
    team.carol.create_bucket(Bucket="team-new")
    assert team.store.get_bucket_access("team-new").owner == Owner(id="carol", display_name="carol")
    team.carol.delete_bucket(Bucket="team-new")
    denied(team.carol.create_bucket, Bucket="elsewhere")
    for other in (team.alice, team.bob, team.dave, team.backup, team.nobody):
        denied(other.create_bucket, Bucket="team-a-new")
        denied(other.put_bucket_versioning, Bucket="team-a-1", VersioningConfiguration={"Status": "Enabled"})
        denied(other.put_bucket_policy, Bucket="team-a-1", Policy=policy(allow("s3:*", "team-a-1/*")))
        denied(other.put_object, Bucket="team-a-1", Key="x", ACL="public-read")


def test_a_prefix_limits_a_writer(team: Served) -> None:
    assert team.erin.get_object(Bucket="team-a-1", Key="erin/k")["Body"].read() == b"erin's"
    team.erin.put_object(Bucket="team-a-1", Key="erin/new", Body=b"x")
    team.erin.delete_object(Bucket="team-a-1", Key="erin/new")
    assert team.erin.list_objects_v2(Bucket="team-a-1", Prefix="erin/")["KeyCount"] == 1
    denied(team.erin.list_objects_v2, Bucket="team-a-1")
    denied(team.erin.list_objects_v2, Bucket="team-a-1", Prefix="eri")
    denied(team.erin.get_object, Bucket="team-a-1", Key="k")
    denied(team.erin.put_object, Bucket="team-a-1", Key="erin", Body=b"x")
    denied(team.erin.get_object, Bucket="team-a-2", Key="erin/k")
    denied(team.erin.copy_object, Bucket="team-a-1", Key="erin/copy", CopySource="team-a-1/k")


def test_whoever_may_list_a_key_learns_that_it_is_missing(team: Served) -> None:
    for reader, key in ((team.bob, "gone"), (team.erin, "erin/gone")):
        denied(reader.get_object, Bucket="team-a-1", Key=key, code="NoSuchKey", status=404)
    denied(team.dave.get_object, Bucket="team-a-1", Key="gone")
    denied(team.bob.get_object, Bucket="no-such-bucket", Key="k")


def test_a_batch_deletes_what_the_sender_may_delete(team: Served) -> None:
    for key in ("erin/1", "1"):
        team.store.put_object("team-a-1", key, b"")
    found = team.erin.delete_objects(Bucket="team-a-1", Delete={"Objects": [{"Key": "erin/1"}, {"Key": "1"}]})
    assert [one["Key"] for one in found["Deleted"]] == ["erin/1"]
    assert [(one["Key"], one["Code"]) for one in found["Errors"]] == [("1", "AccessDenied")]
    team.store.delete_object("team-a-1", "1")


def test_a_policy_opens_a_bucket_to_somebody_and_to_everybody(team: Served) -> None:
    named: dict[str, Any] = {"Principal": {"AWS": "arn:aws:iam::dave:user/dave"}}
    team.carol.put_bucket_policy(Bucket="team-b-1", Policy=policy(allow("s3:GetObject", "team-b-1/*", **named)))
    assert team.dave.get_object(Bucket="team-b-1", Key="k")["Body"].read() == b"content"
    denied(team.bob.get_object, Bucket="team-b-1", Key="k")
    assert names(team.dave) == []
    team.carol.put_bucket_policy(Bucket="team-b-1", Policy=policy(allow("s3:GetObject", "team-b-1/*")))
    for reader in (team.bob, team.nobody):
        assert reader.get_object(Bucket="team-b-1", Key="k")["Body"].read() == b"content"
    deny = allow("s3:GetObject", "team-b-1/*", effect="Deny", Principal={"AWS": "backup"})
    team.carol.put_bucket_policy(Bucket="team-b-1", Policy=policy(deny))
    denied(team.backup.get_object, Bucket="team-b-1", Key="k")
    unknown = allow("s3:GetObject", "team-b-1/*", Principal={"AWS": "mallory"})
    denied(
        team.carol.put_bucket_policy,
        Bucket="team-b-1",
        Policy=policy(unknown),
        code="MalformedPolicy",
        status=400,
    )
    team.carol.delete_bucket_policy(Bucket="team-b-1")


def test_an_acl_names_users_of_the_directory(team: Served) -> None:
    grant = 'emailAddress="ALICE@example.com", id="dave"'
    team.carol.put_object(Bucket="team-b-1", Key="shared", Body=b"x", GrantRead=grant)
    for reader in (team.alice, team.dave):
        assert reader.get_object(Bucket="team-b-1", Key="shared")["Body"].read() == b"x"
    denied(team.bob.get_object, Bucket="team-b-1", Key="shared")
    bad = {"GrantRead": 'id="mallory"'}
    denied(team.carol.put_object, Bucket="team-b-1", Key="x", Body=b"", code="InvalidArgument", status=400, **bad)
    team.carol.delete_object(Bucket="team-b-1", Key="shared")


def test_a_presigned_url_has_the_rights_of_its_signer(team: Served) -> None:
    cases = ((team.alice, "team-a-1", 200), (team.alice, "team-b-1", 403), (team.dave, "team-a-1", 403))
    for signer, bucket, expected in cases:
        url = signer.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "k"})
        assert raw("GET", url)[0] == expected
        put = signer.generate_presigned_url("put_object", Params={"Bucket": bucket, "Key": "put"})
        assert raw("PUT", put, b"x")[0] == expected
    page = {"Origin": "http://page.example"}
    put = team.alice.generate_presigned_url("put_object", Params={"Bucket": "team-a-1", "Key": "put"})
    assert raw("PUT", put, b"x", page)[0] == 200
    team.alice.delete_object(Bucket="team-a-1", Key="put")


def test_keys_that_nobody_has_or_that_have_ended_are_refused(team: Served) -> None:
    for access_key, secret_key, code in (
        ("nobody-key", secret_of("alice"), "InvalidAccessKeyId"),
        ("alice-old", secret_of("alice"), "InvalidAccessKeyId"),
        ("alice-key", secret_of("bob"), "SignatureDoesNotMatch"),
        ("bucketry", "bucketry-secret", "InvalidAccessKeyId"),
    ):
        denied(team.client(access_key, secret_key).list_buckets, code=code)


def test_too_many_wrong_signatures_are_slowed_down() -> None:
    with served(Team().directory, credentials=()) as found:
        found.bob.list_buckets()
        wrong = found.client("alice-key", secret_of("bob"))
        presigned = wrong.generate_presigned_url("get_object", Params={"Bucket": "team-a-1", "Key": "k"})
        for number in range(PER_CREDENTIAL):
            if number % 2:
                assert raw("GET", presigned)[0] == 403
            else:
                denied(wrong.list_buckets, code="SignatureDoesNotMatch")
        denied(wrong.list_buckets, code="SlowDown", status=503)
        assert raw("GET", presigned)[0] == 503
        # A right guess is not told from a wrong one.
        denied(found.alice.list_buckets, code="SlowDown", status=503)
        assert names(found.bob) == ["team-a-1", "team-a-2"]
        assert names(found.carol)


def test_whoever_knows_an_access_key_does_not_lock_its_user_out(caplog: pytest.LogCaptureFixture) -> None:
    """Access keys stand in presigned URLs, and all users of a proxy that is not trusted have one address."""
    with served(Team().directory, credentials=()) as found:
        assert names(found.alice) == ["team-a-1", "team-a-2"]
        wrong = found.client("alice-key", secret_of("bob"))
        for _ in range(PER_CREDENTIAL):
            denied(wrong.list_buckets, code="SignatureDoesNotMatch")
        denied(wrong.list_buckets, code="SlowDown", status=503)
        assert names(found.alice) == ["team-a-1", "team-a-2"]
        assert names(found.bob) == ["team-a-1", "team-a-2"]
    # Clients could fill the log otherwise.
    assert caplog.text == ""


@pytest.mark.parametrize("operation", ["list_objects_v2", "get_bucket_location", "get_bucket_policy", "delete_bucket"])
def test_nobody_learns_the_names_of_buckets_without_a_signature(team: Served, operation: str) -> None:
    for bucket in ("other", "no-such-bucket"):
        denied(getattr(team.nobody, operation), Bucket=bucket)
        denied(team.nobody.head_bucket, Bucket=bucket, code="403")
        denied(team.nobody.get_object, Bucket=bucket, Key="k")
        denied(team.nobody.put_object, Bucket=bucket, Key="k", Body=b"")


def test_without_a_directory_signatures_are_not_counted() -> None:
    with memory_store() as store, serving(store) as url:
        wrong = client(url, S3Credential(access_key="tester", secret_key=Secret("wrong")))
        for _ in range(PER_CREDENTIAL + 2):
            denied(wrong.list_buckets, code="SignatureDoesNotMatch")


def test_credentials_of_the_settings_go_on_beside_it() -> None:
    own = S3Credential(access_key="eve-key", secret_key=Secret("eve's secret"), user_id="eve")
    with served(Team().directory, credentials=(own,)) as found:
        eve = found.client("eve-key", "eve's secret")
        eve.create_bucket(Bucket="eves")
        assert names(eve) == ["eves"]
        assert "eves" in names(found.backup)
        denied(eve.get_object, Bucket="team-a-1", Key="k")


def test_roles_hold_over_a_store_without_owners() -> None:
    """As MinIO's is: it keeps nothing about our users, so their own policies alone decide."""
    driver = MemoryDriver(MemorySettings())
    driver.features = msgspec.structs.replace(driver.features, bucket_ownership=False)
    with served(Team().directory, store=Store(driver), credentials=()) as found:
        assert names(found.alice) == ["team-a-1", "team-a-2"]
        found.alice.put_object(Bucket="team-a-1", Key="new", Body=b"x")
        assert found.bob.get_object(Bucket="team-a-1", Key="new")["Body"].read() == b"x"
        denied(found.bob.put_object, Bucket="team-a-1", Key="new", Body=b"x")
        denied(found.bob.get_object, Bucket="team-b-1", Key="k")
        denied(found.nobody.get_object, Bucket="team-a-1", Key="k")


def test_conditions_on_tags_hold_over_a_store_without_owners() -> None:
    statement = {
        "Effect": "Deny",
        "Action": "s3:GetObject",
        "Resource": "*",
        "Condition": {"StringEquals": {"s3:ExistingObjectTag/secret": "yes"}},
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    pair = KeyPair(access_key="zoe-key", secret_key=Secret(secret_of("zoe")))
    zoe = User(id="zoe", roles=("read:*",), policy=policy, keys=(pair,))
    driver = MemoryDriver(MemorySettings())
    driver.features = msgspec.structs.replace(driver.features, bucket_ownership=False)
    with served(Directory(Accounts(users=(zoe,))), store=Store(driver), credentials=()) as found:
        reader = found.client("zoe-key", secret_of("zoe"))
        assert reader.get_object(Bucket="other", Key="k")["Body"].read() == b"content"
        found.store.put_object_tagging("other", "k", {"secret": "yes"})
        denied(reader.get_object, Bucket="other", Key="k")
        denied(reader.get_object, Bucket="other", Key="gone", code="NoSuchKey", status=404)


@pytest.mark.parametrize("looks", [True, False], ids=["with owners", "without owners"])
def test_who_may_read_and_not_list_does_not_learn_what_is_missing(*, looks: bool) -> None:
    statement = {"Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    pair = KeyPair(access_key="zoe-key", secret_key=Secret(secret_of("zoe")))
    zoe = User(id="zoe", policy=policy, keys=(pair,))
    driver = MemoryDriver(MemorySettings())
    driver.features = msgspec.structs.replace(driver.features, bucket_ownership=looks)
    with served(Directory(Accounts(users=(zoe,))), store=Store(driver), credentials=()) as found:
        reader = found.client("zoe-key", secret_of("zoe"))
        assert reader.get_object(Bucket="other", Key="k")["Body"].read() == b"content"
        reader.put_object(Bucket="other", Key="new", Body=b"x")
        denied(reader.get_object, Bucket="other", Key="gone")
        denied(reader.head_object, Bucket="other", Key="gone", code="403")
        key: dict[str, Any] = {"SSECustomerAlgorithm": "AES256", "SSECustomerKey": "k" * 32}
        reader.put_object(Bucket="other", Key="sealed", Body=b"sealed", **key)
        assert reader.get_object(Bucket="other", Key="sealed", **key)["Body"].read() == b"sealed"


def test_a_change_of_the_access_file_is_seen(tmp_path: Path) -> None:
    path = tmp_path / "access.toml"

    def write(role: str, key: str) -> None:
        text = f'[[users]]\nid = "zoe"\nroles = ["{role}"]\n[[users.keys]]\naccess_key = "{key}"\n'
        path.write_text(text + f'secret_key = "{secret_of("zoe")}"\n')
        path.chmod(0o600)

    seconds = [0.0]
    write("read:team-a-*", "zoe-1")
    directory = Directory(access_file=path, clock=lambda: seconds[0])
    with served(directory, credentials=()) as found:
        first, second = (found.client(key, secret_of("zoe")) for key in ("zoe-1", "zoe-2"))
        first.get_object(Bucket="team-a-1", Key="k")
        denied(first.put_object, Bucket="team-a-1", Key="k", Body=b"content")
        denied(second.get_object, Bucket="team-a-1", Key="k", code="InvalidAccessKeyId")
        write("write:team-a-*", "zoe-2")
        seconds[0] = 2.0
        second.put_object(Bucket="team-a-1", Key="k", Body=b"content")
        denied(first.get_object, Bucket="team-a-1", Key="k", code="InvalidAccessKeyId")


@pytest.mark.parametrize(
    ("user", "words"),
    [
        (User(id="alice"), "the user 'alice' comes twice"),
        (Team().directory.users[0], "the user 'alice' comes twice"),
    ],
    ids=["id", "key"],
)
def test_a_user_who_is_in_both_places_is_refused(user: User, words: str) -> None:
    own = S3Credential(access_key="alice-key", secret_key=Secret("alice's secret"), user_id="alice")
    with memory_store() as store, pytest.raises(InvalidSettings, match=words):
        create_s3_app(store, S3Settings(credentials=(own,)), directory=Directory(Accounts((user,))))
