"""A charging station made with PyPI `ocpp`: boots and runs one transaction.

Usage: station.py URL SUBPROTOCOL. Prints one JSON object with what it was answered.
"""
import asyncio
import importlib
import json
import sys

import websockets

URL, PROTOCOL = sys.argv[1], sys.argv[2]
VERSION = {'ocpp1.6': 'v16', 'ocpp2.0.1': 'v201', 'ocpp2.1': 'v21'}[PROTOCOL]
ocpp = importlib.import_module(f'ocpp.{VERSION}')
call = importlib.import_module(f'ocpp.{VERSION}.call')
call_result = importlib.import_module(f'ocpp.{VERSION}.call_result')
on = importlib.import_module('ocpp.routing').on
AT = '2026-11-22T12:00:00Z'


class Station(ocpp.ChargePoint):
    commands = []

    @on('ClearCache')
    async def clear_cache(self, **_):
        self.commands.append('ClearCache')
        return call_result.ClearCache(status='Accepted')


async def day16(station):
    boot = await station.call(call.BootNotification(charge_point_model='ocpp', charge_point_vendor='PyPI'))
    start = await station.call(call.StartTransaction(connector_id=1, id_tag='TAG-1', meter_start=100, timestamp=AT))
    value = {'timestamp': AT, 'sampled_value': [{'value': '250', 'unit': 'Wh'}]}
    await station.call(call.MeterValues(connector_id=1, transaction_id=start.transaction_id, meter_value=[value]))
    await station.call(call.StopTransaction(transaction_id=start.transaction_id, meter_stop=400, timestamp=AT))
    return boot.status, start.id_tag_info['status']


async def day2(station):
    boot = await station.call(call.BootNotification(reason='PowerUp', charging_station={'model': 'ocpp', 'vendor_name': 'PyPI'}))
    status = None
    for seq_no, (event, wh) in enumerate([('Started', 100), ('Updated', 250), ('Ended', 400)]):
        answer = await station.call(call.TransactionEvent(
            event_type=event, timestamp=AT, trigger_reason='Authorized', seq_no=seq_no,
            transaction_info={'transaction_id': f'PY-{VERSION}'}, evse={'id': 1, 'connector_id': 1},
            id_token={'id_token': 'TAG-1', 'type': 'ISO14443'},
            meter_value=[{'timestamp': AT, 'sampled_value': [{'value': wh}]}]))
        status = status or (answer.id_token_info or {}).get('status')
    return boot.status, status


async def main():
    async with websockets.connect(URL, subprotocols=[PROTOCOL]) as socket:
        station = Station('PY', socket)
        reader = asyncio.create_task(station.start())
        boot, token = await (day16(station) if VERSION == 'v16' else day2(station))
        print(json.dumps({'boot': boot, 'token': token}), flush=True)
        # Stays until its driver leaves, so that it can be commanded.
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)
        print(json.dumps({'commands': station.commands}), flush=True)
        reader.cancel()


asyncio.run(main())
