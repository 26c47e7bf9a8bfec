// Baseline: npm ocpp-rpc as a strictly validating CSMS that answers from memory and keeps nothing.
import { RPCServer } from 'ocpp-rpc'

const server = new RPCServer({ protocols: ['ocpp1.6'], strictMode: true })
server.auth((accept) => accept())
server.on('client', (client) => {
  client.handle('BootNotification', () => ({
    status: 'Accepted',
    interval: 300,
    currentTime: new Date().toISOString(),
  }))
  client.handle('Heartbeat', () => ({ currentTime: new Date().toISOString() }))
  client.handle('StatusNotification', () => ({}))
  client.handle('MeterValues', () => ({}))
})
const http = await server.listen(0, '127.0.0.1')
console.log(JSON.stringify({ port: http.address().port }))
