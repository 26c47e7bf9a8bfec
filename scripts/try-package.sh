#!/usr/bin/env bash
# Packs the built package, installs it into an empty folder, and runs what it promises.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
npm pack --silent --pack-destination "$folder" > /dev/null
cd "$folder"
printf '{"name":"try","private":true,"type":"module"}' > package.json
npm install --silent --no-audit --no-fund --prefer-offline --omit=dev ./wattweave-*.tgz
PATH="$root/node_modules/.bin:$PATH"
node node_modules/.bin/wattweave --version
cat > try.mjs <<'JS'
import { createValidator } from 'wattweave/messages'
import { createNode } from 'wattweave/node'
import { decodeText } from 'wattweave/wire'
if (createValidator().validate('ocpp2.1', 'Heartbeat', 'request', {}).length > 0) throw new Error('invalid')
if (createNode({ nodeId: 'A', links: [] }).id !== 'A') throw new Error('no node')
if (decodeText(Buffer.from('[2,"1","Heartbeat",{}]')).action !== 'Heartbeat') throw new Error('no frame')
JS
node try.mjs
# The demo out of the package: it is up when it has printed what runs.
node node_modules/.bin/wattweave demo --port 0 > demo.log &
demo=$!
for _ in $(seq 300); do grep -q '^Running' demo.log && break; sleep 0.1; done
grep -q '^Running' demo.log
url=$(grep -om1 'http://[^ ]*' demo.log)
node -e "fetch('$url').then((r) => r.text()).then((t) => process.exit(t.includes('<html') ? 0 : 1))"
kill "$demo"
wait "$demo"
echo 'the packed package works'
