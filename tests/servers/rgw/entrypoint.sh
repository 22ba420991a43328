#!/bin/bash
# Starts the cluster and its users, then stays with the daemons: one that ends takes the container with it, but
# radosgw may be killed and started again while /run/radosgw.hold exists (the OSD keeps the data).
#
# Required: RGW_ACCESS_KEY RGW_SECRET_KEY (user "main": admin capabilities)
#           RGW_PLAIN_ACCESS_KEY RGW_PLAIN_SECRET_KEY (user "plain": none)
#           RGW_SWIFT_SECRET (subuser "main:swift")
# Optional: /tls/server.pem and /tls/server.key, for a second port, 7443, that speaks TLS
set -euo pipefail

readonly MON_DATA=/var/lib/ceph/mon OSD_DATA=/var/lib/ceph/osd KEYRING=/etc/ceph/keyring
readonly OSD_UUID=7d1b9c0e-3a52-4f55-8f0b-9b7a6c5d4e3f

mkdir -p "$MON_DATA" "$OSD_DATA" /var/lib/ceph/rgw /run/ceph
ceph-authtool --create-keyring "$KEYRING" --gen-key -n mon. --cap mon 'allow *' >/dev/null
for name in client.admin osd.0; do
    ceph-authtool "$KEYRING" --gen-key -n "$name" --cap mon 'allow *' --cap osd 'allow *' --cap mgr 'allow *'
done
monmaptool --create --fsid "$(sed -n 's/^fsid = //p' /etc/ceph/ceph.conf)" \
    --addv a '[v2:127.0.0.1:3300/0,v1:127.0.0.1:6789/0]' /run/monmap >/dev/null
ceph-mon --mkfs -i a --monmap /run/monmap --keyring "$KEYRING"
ceph-mon -f -i a &
ceph osd new "$OSD_UUID" 0 >/dev/null
ceph-osd --mkfs -i 0 --osd-uuid "$OSD_UUID" >/dev/null
ceph-osd -f -i 0 &

frontend="beast port=7480 tcp_nodelay=1"
if [ -f /tls/server.pem ]; then
    frontend+=" ssl_port=7443 ssl_certificate=/tls/server.pem ssl_private_key=/tls/server.key"
fi

# A killed radosgw goes on watching the control objects for half a minute, and every new bucket waits for its answer.
forget_watcher() {
    rados -p default.rgw.control listwatchers notify.0 | sed -n 's/^watcher=\([^ ]*\) .*/\1/p' | while read -r address; do
        ceph osd blocklist add "$address"
    done
}

serve() {
    while true; do
        radosgw -f -n client.admin --rgw-frontends "$frontend" &
        echo $! >/run/radosgw.pid
        wait $! || true
        [ -e /run/radosgw.hold ] || return 1
        forget_watcher
        while [ -e /run/radosgw.hold ]; do sleep 0.05; done
    done
}

# The first command makes the zone; radosgw beside it would make it too.
radosgw-admin user create --uid main --display-name main \
    --access-key "$RGW_ACCESS_KEY" --secret-key "$RGW_SECRET_KEY" \
    --caps 'users=*;buckets=*;metadata=*;usage=*;zone=*' >/dev/null
serve &
radosgw-admin user create --uid plain --display-name plain \
    --access-key "$RGW_PLAIN_ACCESS_KEY" --secret-key "$RGW_PLAIN_SECRET_KEY" >/dev/null
radosgw-admin subuser create --uid main --subuser main:swift --access full \
    --key-type swift --secret-key "$RGW_SWIFT_SECRET" >/dev/null
echo "rgw: users are ready"
wait -n
echo "rgw: a daemon ended" >&2
exit 1
