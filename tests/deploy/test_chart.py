"""The Helm chart: what it renders is valid for three versions of Kubernetes, and its pods serve what the values say."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import kubernetes_validate
import pytest
import yaml
from bucketry_access.access_file_editing import editing

from tests.deploy.chart import (
    CHART,
    KUBERNETES,
    Objects,
    RenderingFailed,
    only,
    probe,
    published_port,
    render,
    running_pod,
    variables,
)
from tests.deploy.conftest import BuiltImage
from tests.distributions.clean_install import ROOT
from tests.servers.handles import MinioServer, RgwServer
from tools.check_distributions import version

if TYPE_CHECKING:
    from docker.models.containers import Container

pytestmark = pytest.mark.clients

PATIENCE = 60  # seconds
MINIO = {"store": {"minio": {"url": "minio://minio.tenant:80", "secret": "team-user"}}}
ROOK = {"store": {"rook": {"user": "rook-ceph-object-user-store-team", "objectBucketClaim": "team-bucket"}}}
FOLDER: dict[str, Any] = {"store": {"folder": {"size": "100Gi", "storageClass": "fast"}}, "replicas": 1}
ACCESS = {"access": {"existingSecret": "bucketry-access"}}
EVERYTHING: dict[str, Any] = {
    **MINIO,
    **ACCESS,
    "config": "[serve]\nread_only = true\n",
    "s3": {"enabled": True},
    "allowedHosts": ["storage.team"],
    "trustedProxies": ["10.0.0.0/8"],
    "extraEnv": [{"name": "BUCKETRY_MINIO_REGION", "value": "eu-central-1"}],
    "extraEnvFrom": [{"secretRef": {"name": "more"}}],
    "extraVolumes": [{"name": "ca", "configMap": {"name": "ca"}}],
    "extraVolumeMounts": [{"name": "ca", "mountPath": "/etc/ca", "readOnly": True}],
    "tls": {"existingSecret": "tls"},
    "ingress": {
        "enabled": True,
        "className": "nginx",
        "restHost": "storage.example.com",
        "s3Host": "s3.example.com",
        "tlsSecret": "ingress-tls",
        "annotations": {"nginx.ingress.kubernetes.io/proxy-body-size": "0"},
    },
    "networkPolicy": {
        "from": [{"namespaceSelector": {"matchLabels": {"team": "a"}}}],
        "metricsFrom": [{"podSelector": {"matchLabels": {"app": "prometheus"}}}],
        "egress": [{"ports": [{"port": 9000, "protocol": "TCP"}]}],
    },
    "autoscaling": {"enabled": True},
    "serviceMonitor": {"enabled": True, "labels": {"release": "prometheus"}},
    "traces": {"endpoint": "http://collector.observability:4318", "ratio": 0.1},
    "imagePullSecrets": [{"name": "registry"}],
    "nodeSelector": {"disk": "ssd"},
    "tolerations": [{"key": "storage", "operator": "Exists"}],
    "affinity": {"podAntiAffinity": {}},
    "podAnnotations": {"a": "b"},
    "podLabels": {"c": "d"},
}
VARIANTS: dict[str, dict[str, Any]] = {
    "minio": {**MINIO, **ACCESS},
    "rook": {**ROOK, "access": {"inConfig": True}, "config": "[[users]]\nid = 'alice'\n"},
    "memory": {"store": {"url": "memory://"}, "replicas": 1, "access": {"allowAnonymous": True}},
    "folder": {**FOLDER, **ACCESS},
    "claimed folder": {"store": {"folder": {"existingClaim": "photos"}}, "replicas": 1, **ACCESS},
    "everything": EVERYTHING,
    "little": {
        **MINIO,
        **ACCESS,
        "metrics": {"enabled": False},
        "networkPolicy": {"enabled": False},
        "podDisruptionBudget": {"enabled": False},
        "serviceAccount": {"create": False},
        "topologySpread": False,
    },
}


@pytest.mark.parametrize("kubernetes", KUBERNETES)
@pytest.mark.parametrize("variant", VARIANTS)
def test_what_is_rendered_is_valid(variant: str, kubernetes: str) -> None:
    for document in render(VARIANTS[variant], kubernetes):
        if document["kind"] != "ServiceMonitor":  # of an operator, so Kubernetes has no schema of it
            kubernetes_validate.validate(document, kubernetes, strict=True)


def test_a_mistake_in_a_template_would_be_found() -> None:
    deployment = only(render(VARIANTS["minio"]), "Deployment")
    deployment["spec"]["template"]["spec"]["containers"][0]["readinessProbes"] = {}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(deployment, KUBERNETES[-1], strict=True)


def test_everything_renders_each_kind() -> None:
    kinds = [document["kind"] for document in render(EVERYTHING)]
    assert sorted(kinds) == [
        "Deployment",
        "HorizontalPodAutoscaler",
        "Ingress",
        "NetworkPolicy",
        "PodDisruptionBudget",
        "Secret",
        "Service",
        "Service",
        "ServiceAccount",
        "ServiceMonitor",
    ]


@pytest.mark.parametrize("variant", VARIANTS)
def test_pods_have_no_more_rights_than_they_need(variant: str) -> None:
    pod = only(render(VARIANTS[variant]), "Deployment")["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert pod["automountServiceAccountToken"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    mounted = {mount["name"] for mount in container["volumeMounts"]}
    assert mounted == {volume["name"] for volume in pod["volumes"]}


def test_a_pod_may_end_its_requests_before_it_is_killed() -> None:
    pod = only(render({**MINIO, **ACCESS, "shutdownDelaySeconds": 20, "graceSeconds": 300}), "Deployment")["spec"]
    seconds = pod["template"]["spec"]["terminationGracePeriodSeconds"]
    found = variables(pod["template"]["spec"]["containers"][0], {"team-user": {"CONSOLE_ACCESS_KEY": "a"}})
    assert int(found["BUCKETRY_SHUTDOWN_DELAY"]) + int(found["BUCKETRY_GRACE_SECONDS"]) < seconds


def test_ports_and_labels_lead_from_one_object_to_the_next() -> None:
    objects = render(EVERYTHING)
    pod = only(objects, "Deployment")["spec"]["template"]
    ports = {port["name"] for port in pod["spec"]["containers"][0]["ports"]}
    services = {each["metadata"]["name"]: each for each in objects if each["kind"] == "Service"}
    for service in services.values():
        assert service["spec"]["selector"].items() <= pod["metadata"]["labels"].items()
        assert {port["targetPort"] for port in service["spec"]["ports"]} <= ports
    rules = only(objects, "Ingress")["spec"]["rules"]
    assert {rule["host"]: backend_of(rule) for rule in rules} == {
        "storage.example.com": ("storage-bucketry", "rest"),
        "s3.example.com": ("storage-bucketry", "s3"),
    }
    monitor = only(objects, "ServiceMonitor")["spec"]
    (watched,) = (each for each in services.values() if is_selected(each, monitor["selector"]["matchLabels"]))
    assert {each["port"] for each in monitor["endpoints"]} == {port["name"] for port in watched["spec"]["ports"]}
    assert only(objects, "HorizontalPodAutoscaler")["spec"]["scaleTargetRef"]["name"] == "storage-bucketry"
    for kind, field in [("PodDisruptionBudget", "selector"), ("NetworkPolicy", "podSelector")]:
        assert only(objects, kind)["spec"][field]["matchLabels"].items() <= pod["metadata"]["labels"].items()


def is_selected(service: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    return bool(labels.items() <= service["metadata"]["labels"].items())


def backend_of(rule: Mapping[str, Any]) -> tuple[str, str]:
    (path,) = rule["http"]["paths"]
    service = path["backend"]["service"]
    return service["name"], service["port"]["name"]


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({}, "Give exactly one store"),
        ({**MINIO, **ACCESS, "store": {"url": "memory://", **MINIO["store"]}}, "Give exactly one store"),
        ({"store": {"minio": {"url": "minio://a"}}, **ACCESS}, "needs store.minio.secret"),
        (MINIO, "Configure access"),
        ({**MINIO, "access": {"existingSecret": "a", "allowAnonymous": True}}, "Configure access"),
        ({**MINIO, "access": {"inConfig": True}}, "access.inConfig needs config"),
        ({"store": {"url": "memory://"}, **ACCESS}, "memory:// keeps its objects in one process"),
        ({"store": {"url": "file:///data"}, "replicas": 1, **ACCESS}, "A folder needs a volume"),
        ({**FOLDER, **ACCESS, "replicas": 2}, "A folder is for the pods of one node"),
        ({**FOLDER, **ACCESS, "autoscaling": {"enabled": True}}, "A folder is for the pods of one node"),
        ({**FOLDER, **ACCESS, "store": {"folder": {"size": "1Gi", "existingClaim": "a"}}}, "not both"),
        ({**FOLDER, **ACCESS, "store": {"folder": {"size": "much"}}}, "size"),
        ({**FOLDER, **ACCESS, "store": {**MINIO["store"], **FOLDER["store"]}}, "Give exactly one store"),
        ({**MINIO, **ACCESS, "ingress": {"enabled": True}}, "needs ingress.restHost"),
        (
            {**MINIO, **ACCESS, "metrics": {"enabled": False}, "serviceMonitor": {"enabled": True}},
            "needs metrics.enabled",
        ),
        ({**MINIO, **ACCESS, "serviceMonitor": {"enabled": True}}, "needs networkPolicy.metricsFrom"),
        ({**MINIO, **ACCESS, "networkPolicy": {"metricsFrom": [{}]}}, "metricsFrom"),
        ({**MINIO, **ACCESS, "replicas": "two"}, "replicas"),
        ({**MINIO, **ACCESS, "traces": {"endpoint": "collector:4318"}}, "traces"),
        ({**MINIO, **ACCESS, "traces": {"endpoint": "http://a:b@collector"}}, "traces"),
        ({**MINIO, **ACCESS, "traces": {"endpoint": "http://collector", "ratio": 2}}, "traces"),
        ({**MINIO, **ACCESS, "replica": 2}, "replica"),
        ({**MINIO, **ACCESS, "access": {"existingSecret": "Not A Name"}}, "existingSecret"),
        ({**MINIO, **ACCESS, "image": {"digest": "sha256:short"}}, "digest"),
    ],
)
def test_wrong_values_are_refused_with_a_sentence(values: dict[str, Any], sentence: str) -> None:
    with pytest.raises(RenderingFailed, match=re.escape(sentence)):
        render(values)


def reached(values: Mapping[str, Any]) -> dict[str, list[Any] | None]:
    """Returns who reaches each port, by the network policy; ``None``: everybody."""
    rules = only(render(values), "NetworkPolicy")["spec"]["ingress"]
    return {port["port"]: rule.get("from") for rule in rules for port in rule["ports"]}


def test_nobody_reaches_the_metrics_who_is_not_named() -> None:
    assert reached({**MINIO, **ACCESS}) == {"rest": None, "s3": None}
    prometheus = [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}]
    named = {**MINIO, **ACCESS, "networkPolicy": {"metricsFrom": prometheus}, "serviceMonitor": {"enabled": True}}
    assert reached(named) == {"rest": None, "s3": None, "metrics": prometheus}
    assert "metrics" not in reached({**named, "metrics": {"enabled": False}, "serviceMonitor": {"enabled": False}})


def test_a_service_monitor_needs_no_names_without_a_network_policy() -> None:
    values = {**MINIO, **ACCESS, "networkPolicy": {"enabled": False}, "serviceMonitor": {"enabled": True}}
    assert only(render(values), "ServiceMonitor")


@pytest.mark.parametrize(
    ("endpoint", "port"),
    [("http://collector.observability:4318", 4318), ("https://collector/v1/traces", 443), ("http://[::1]/", 80)],
)
def test_traces_leave_the_pod(endpoint: str, port: int) -> None:
    objects = render({**MINIO, **ACCESS, "traces": {"endpoint": endpoint, "ratio": 0}})
    (container,) = only(objects, "Deployment")["spec"]["template"]["spec"]["containers"]
    found = variables(container, {"team-user": {"CONSOLE_ACCESS_KEY": "a"}})
    assert {name: value for name, value in found.items() if "TRACES" in name} == {
        "BUCKETRY_TRACES": "otlp",
        "BUCKETRY_TRACES_ENDPOINT": endpoint,
        "BUCKETRY_TRACES_SERVICE": "storage-bucketry",
        "BUCKETRY_TRACES_RATIO": "0",
    }
    allowed = [each["port"] for rule in only(objects, "NetworkPolicy")["spec"]["egress"] for each in rule["ports"]]
    assert port in allowed


def test_without_a_collector_there_are_no_traces() -> None:
    assert "TRACES" not in yaml.safe_dump_all(render({**MINIO, **ACCESS}))


def leaves(schema: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    for name, value in schema["properties"].items():
        if "properties" in value:
            yield from leaves(value, f"{prefix}{name}.")
        elif name != "global":
            assert value["description"], name
            yield f"{prefix}{name}"


def test_every_value_has_a_default_a_schema_and_a_line_in_the_readme() -> None:
    described = list(leaves(yaml.safe_load((CHART / "values.schema.json").read_text())))
    defaults = yaml.safe_load((CHART / "values.yaml").read_text())
    for name in described:
        value = defaults
        for part in name.split("."):
            value = value[part]
    assert re.findall(r"^\| `([\w.]+)` \|", (CHART / "README.md").read_text(), re.MULTILINE) == described
    with pytest.raises(RenderingFailed, match="not allowed"):
        render({**MINIO, **ACCESS, "unknown": 1})


def test_the_chart_has_the_version_of_the_distributions() -> None:
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    assert (chart["version"], chart["appVersion"]) == (version(), version())


def test_every_variable_that_is_set_is_one_of_the_settings() -> None:
    known = set(re.findall(r"BUCKETRY_[A-Z0-9_]+", (ROOT / "docs/settings.md").read_text()))
    texts = [yaml.safe_dump_all(render(values)) for values in VARIANTS.values()]
    texts += [
        (ROOT / "deploy" / name).read_text() for name in ("image/Dockerfile", "image/health.py", "compose/compose.yaml")
    ]
    used = {name for text in texts for name in re.findall(r"\bBUCKETRY_[A-Z0-9_]+", text)}
    # Variables of the Compose file itself.
    assert used - known == {"BUCKETRY_IMAGE", "BUCKETRY_USER"}
    assert "BUCKETRY_ACCESS_FILE" in used


def serve(image: BuiltImage, values: dict[str, Any], cluster: Objects, folder: Path) -> Iterator[tuple[Container, str]]:
    """Runs the pod, waits until its readiness probe succeeds, and yields it with the URL of its REST API."""
    values = values if "access" in values else {**values, "access": {"allowAnonymous": True}}
    deployment = only(render(values), "Deployment")
    with running_pod(image.name, deployment, cluster, folder) as container:
        ends = time.monotonic() + PATIENCE
        while probe(container, deployment, "readinessProbe") != 200:
            assert container.status in {"created", "running"}, container.logs().decode()
            assert time.monotonic() < ends, container.logs().decode()
            time.sleep(0.2)
        assert probe(container, deployment, "livenessProbe") == 200
        yield container, f"http://127.0.0.1:{published_port(container, 8000)}/api/v1/storage"


def inside(server: MinioServer | RgwServer) -> tuple[str, int]:
    """Returns where other containers reach a server."""
    from tests.servers.engine import engine

    with engine() as client:
        settings = client.containers.get(server.container_id).attrs["NetworkSettings"]
    published = server.url.rpartition(":")[2]
    (port,) = {
        int(name.partition("/")[0])
        for name, places in settings["Ports"].items()
        if any(place["HostPort"] == published for place in places or ())
    }
    return settings["Networks"]["bridge"]["IPAddress"], port


def put_and_get(url: str, bucket: str, token: str = "") -> None:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    with httpx.Client(trust_env=False, timeout=PATIENCE, headers=headers) as client:
        assert client.get(f"{url}/status").json()["available"] is True
        assert client.post(f"{url}/buckets", json={"name": bucket}).status_code == 201
        put = client.post(f"{url}/buckets/{bucket}/objects", files={"file": ("a.txt", b"hello")})
        assert put.status_code == 201, put.text
        assert client.get(f"{url}/buckets/{bucket}/objects/a.txt").content == b"hello"


def test_a_pod_serves_a_tenant_of_minio_with_the_operators_secret(
    bucketry_image: BuiltImage, minio_server: MinioServer, tmp_path: Path
) -> None:
    host, port = inside(minio_server)
    store = {"minio": {"url": f"minio://{host}:{port}", "secret": "team-user"}}
    keys = {"CONSOLE_ACCESS_KEY": minio_server.access_key, "CONSOLE_SECRET_KEY": minio_server.secret_key}
    access, token = access_file(tmp_path / "made.toml")
    cluster: Objects = {"team-user": keys, "bucketry-access": {"access.toml": access}}
    for _, url in serve(bucketry_image, {"store": store, **ACCESS, "s3": {"enabled": True}}, cluster, tmp_path):
        assert httpx.get(f"{url}/buckets", trust_env=False).status_code == 401
        put_and_get(url, "chart-minio", token)


def access_file(path: Path) -> tuple[str, str]:
    """Returns an access file with one user, and the user's token."""
    with editing(path, create=True) as editor:
        editor.add_user("alice", roles=["admin:*"])
        token = editor.add_token("alice").text.reveal()
    return path.read_text(), token


def test_objects_in_a_folder_outlive_the_pod_and_the_install() -> None:
    objects = render(VARIANTS["folder"])
    claim, deployment = only(objects, "PersistentVolumeClaim"), only(objects, "Deployment")
    assert claim["metadata"]["annotations"] == {"helm.sh/resource-policy": "keep"}
    assert (claim["spec"]["storageClassName"], claim["spec"]["accessModes"]) == ("fast", ["ReadWriteOnce"])
    assert deployment["spec"]["strategy"] == {"type": "Recreate"}
    (volume,) = (each for each in deployment["spec"]["template"]["spec"]["volumes"] if each["name"] == "objects")
    assert volume["persistentVolumeClaim"] == {"claimName": claim["metadata"]["name"]}
    kinds = {each["kind"] for each in render(VARIANTS["claimed folder"])}
    assert "PersistentVolumeClaim" not in kinds


def test_a_pod_serves_a_folder_on_a_volume(bucketry_image: BuiltImage, tmp_path: Path) -> None:
    for _, url in serve(bucketry_image, FOLDER, {}, tmp_path):
        put_and_get(url, "chart-folder")
    assert (tmp_path / "objects/objects/bucketry.json").exists()


@pytest.mark.parametrize("kind", ["user", "claim"])
def test_a_pod_serves_what_rook_hands_out(
    bucketry_image: BuiltImage, rgw_server: RgwServer, kind: str, tmp_path: Path
) -> None:
    host, port = inside(rgw_server)
    user = {
        "AccessKey": rgw_server.access_key,
        "SecretKey": rgw_server.secret_key,
        "Endpoint": f"http://{host}:{port}",
    }
    claim = {"BUCKET_HOST": host, "BUCKET_PORT": str(port), "BUCKET_NAME": "team-bucket", "BUCKET_REGION": ""}
    claim |= {"AWS_ACCESS_KEY_ID": rgw_server.access_key, "AWS_SECRET_ACCESS_KEY": rgw_server.secret_key}
    names = {"user": {"user": "rook-user"}, "claim": {"objectBucketClaim": "claim"}}
    cluster: Objects = {"rook-user": user, "claim": claim}
    for _, url in serve(bucketry_image, {"store": {"rook": names[kind]}}, cluster, tmp_path):
        put_and_get(url, f"chart-rook-{kind}")
