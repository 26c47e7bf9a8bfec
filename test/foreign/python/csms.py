"""A CSMS made with PyPI `ocpp`, one connection per station, three versions.

Prints {"port": …}, then one JSON object per action that a station asked for.
"""
import asyncio
import importlib
import json
import sys

import websockets

VERSIONS = {'ocpp1.6': 'v16', 'ocpp2.0.1': 'v201', 'ocpp2.1': 'v21'}
on = importlib.import_module('ocpp.routing').on
AT = '2026-11-22T12:00:00Z'


def note(**what):
    print(json.dumps(what), flush=True)


def create(version):
    ocpp = importlib.import_module(f'ocpp.{version}')
    answer = importlib.import_module(f'ocpp.{version}.call_result')

    class Peer(ocpp.ChargePoint):
        @on('BootNotification')
        async def boot(self, **asked):
            note(station=self.id, action='BootNotification', asked=asked)
            return answer.BootNotification(current_time=AT, interval=300, status='Accepted')

        @on('StatusNotification')
        async def status(self, **asked):
            note(station=self.id, action='StatusNotification', asked=asked)
            return answer.StatusNotification()

        @on('MeterValues')
        async def meter(self, **asked):
            note(station=self.id, action='MeterValues', asked=asked)
            return answer.MeterValues()

        if version == 'v16':
            @on('StartTransaction')
            async def start_transaction(self, **asked):
                note(station=self.id, action='StartTransaction', asked=asked)
                return answer.StartTransaction(transaction_id=7, id_tag_info={'status': 'Accepted'})

            @on('StopTransaction')
            async def stop_transaction(self, **asked):
                note(station=self.id, action='StopTransaction', asked=asked)
                return answer.StopTransaction()
        else:
            @on('TransactionEvent')
            async def event(self, **asked):
                note(station=self.id, action='TransactionEvent', asked=asked)
                return answer.TransactionEvent()

    return Peer


PEERS = {protocol: create(version) for protocol, version in VERSIONS.items()}


async def serve(socket):
    station = socket.request.path.rsplit('/', 1)[-1]
    try:
        await PEERS[socket.subprotocol](station, socket).start()
    except websockets.ConnectionClosed:
        note(station=station, action='gone')


async def main():
    async with websockets.serve(serve, '127.0.0.1', 0, subprotocols=list(VERSIONS)) as server:
        note(port=server.sockets[0].getsockname()[1])
        # Ends with whoever started it.
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


asyncio.run(main())
