#!/usr/bin/env bash
# Packs the built package, installs it into an empty folder, and runs what it promises.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
folder=$(mktemp -d)
started=()
trap 'kill "${started[@]}" 2> /dev/null || true; rm -rf "$folder"' EXIT
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
# The station of the examples, against the types the package exports and a CSMS out of it.
cp "$root/examples/station/station.ts" .
printf '{"compilerOptions":{"strict":true,"module":"nodenext","target":"esnext","types":["node"],"typeRoots":["%s"],"skipLibCheck":true,"exactOptionalPropertyTypes":true},"files":["station.ts"]}' "$root/node_modules/@types" > tsconfig.json
"$root/node_modules/.bin/tsc" -p tsconfig.json
printf 'nodeId: CSMS01\nrole: csms\nlisten: [{port: 0, insecure: true}]\nhttp: {port: 0, login: false}\ntokens: [DEMO-ANNA]\n' > csms.yaml
: > csms.log
node node_modules/.bin/wattweave run csms.yaml > csms.log 2> /dev/null &
csms=$!
started+=("$csms")
for _ in $(seq 300); do grep -q ready csms.log && break; sleep 0.1; done
csms_url=$(node -p "JSON.parse(require('fs').readFileSync('csms.log', 'utf8').split('\n')[0]).listen[0]")
console=$(node -p "JSON.parse(require('fs').readFileSync('csms.log', 'utf8').split('\n')[0]).console")
node station.js "$csms_url" CS01 > station.log &
station=$!
started+=("$station")
for _ in $(seq 300); do
  node -e "fetch(process.argv[1]).then((r) => r.text()).then((t) => console.log(t))" "${console}api/transactions" | grep -q '"station":"CS01"' && break
  sleep 0.1
done
for _ in $(seq 300); do grep -q authorized station.log && break; sleep 0.1; done
grep -q authorized station.log
kill "$station" "$csms"
wait "$csms"

# The demo out of the package: it is up when it has printed what runs.
node node_modules/.bin/wattweave demo --port 0 > demo.log &
demo=$!
started+=("$demo")
for _ in $(seq 300); do grep -q '^Running' demo.log && break; sleep 0.1; done
grep -q '^Running' demo.log
url=$(grep -om1 'http://[^ ]*' demo.log)
node -e "fetch('$url').then((r) => r.text()).then((t) => process.exit(t.includes('<html') ? 0 : 1))"
kill "$demo"
wait "$demo"
echo 'the packed package works'
