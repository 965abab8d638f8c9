#!/bin/sh
# Makes the image's root file system: image.sh BINARY FOLDER. Runs in the stage that has compiled, with its libraries.
set -eu
binary=$1
root=$2

mkdir -p "$root/etc/ssl/certs" "$root/usr/lib/ssl" "$root/usr/lib64" "$root/etc/coredns" "$root/tmp"
ln -s usr/lib "$root/lib" # as on a merged-/usr system, which BASE may be
ln -s usr/lib64 "$root/lib64"
chmod 1777 "$root/tmp"
cp "$binary" "$root/portolan"
strip "$root/portolan" 2>/dev/null || echo "image.sh: no strip here: the binary keeps its symbols" >&2

# Libraries at the paths where the loader looks for them, and the loader itself where the binary names it.
if ldd "$root/portolan" | grep 'not found' >&2; then exit 1; fi
ldd "$root/portolan" | awk '/=> \// { print $3 } $1 ~ /^\// { print $1 }' | while read -r library; do
  mkdir -p "$root$(dirname "$library")"
  cp -L "$library" "$root$library"
done

# For upstreams over TLS. OpenSSL looks for cert.pem beside its configuration.
cp -L /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/ca-certificates.crt"
ln -s /etc/ssl/certs/ca-certificates.crt "$root/usr/lib/ssl/cert.pem"

echo 'hosts: files dns' >"$root/etc/nsswitch.conf"
echo 'nonroot:x:65532:65532:nonroot:/:/nonexistent' >"$root/etc/passwd"
echo 'nonroot:x:65532:' >"$root/etc/group"

# A Deployment made for CoreDNS may name the binary: command: ["/coredns"].
ln -s portolan "$root/coredns"
# Last: writing to a file takes its capabilities away.
setcap cap_net_bind_service=+ep "$root/portolan"
