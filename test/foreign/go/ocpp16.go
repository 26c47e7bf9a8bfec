package main

import (
	ocpp16 "github.com/lorenzodonini/ocpp-go/ocpp1.6"
	"github.com/lorenzodonini/ocpp-go/ocpp1.6/core"
	"github.com/lorenzodonini/ocpp-go/ocpp1.6/types"
	"github.com/lorenzodonini/ocpp-go/ws"
)

var at16 = types.NewDateTime(atNoon)

// commands16 has no other handler than its own: the library panics at what nobody is to ask for.
type commands16 struct {
	core.ChargePointHandler
	id string
}

func (c commands16) OnClearCache(asked *core.ClearCacheRequest) (*core.ClearCacheConfirmation, error) {
	return answer(c.id, asked, core.NewClearCacheConfirmation(core.ClearCacheStatusAccepted))
}

func station16(url, id string) (answers, func()) {
	station := ocpp16.NewChargePoint(id, nil, nil)
	station.SetCoreHandler(commands16{id: id})
	check(station.Start(url))
	boot := must(station.BootNotification("ocpp-go", "Go"))
	must(station.StatusNotification(1, core.NoError, core.ChargePointStatusPreparing))
	authorize := must(station.Authorize("TAG-1"))
	start := must(station.StartTransaction(1, "TAG-1", 100, at16))
	value := types.MeterValue{Timestamp: at16, SampledValue: []types.SampledValue{{Value: "0.25", Unit: types.UnitOfMeasureKWh}}}
	must(station.MeterValues(1, []types.MeterValue{value}, func(request *core.MeterValuesRequest) {
		request.TransactionId = &start.TransactionId
	}))
	must(station.StopTransaction(400, at16, start.TransactionId))
	return answers{string(boot.Status), string(authorize.IdTagInfo.Status), string(start.IdTagInfo.Status)}, station.Stop
}

// central16 panics at what it has no method for, as commands16 does.
type central16 struct{ core.CentralSystemHandler }

func (central16) OnAuthorize(id string, asked *core.AuthorizeRequest) (*core.AuthorizeConfirmation, error) {
	return answer(id, asked, core.NewAuthorizationConfirmation(types.NewIdTagInfo(types.AuthorizationStatusAccepted)))
}
func (central16) OnBootNotification(id string, asked *core.BootNotificationRequest) (*core.BootNotificationConfirmation, error) {
	return answer(id, asked, core.NewBootNotificationConfirmation(at16, 300, core.RegistrationStatusAccepted))
}
func (central16) OnHeartbeat(id string, asked *core.HeartbeatRequest) (*core.HeartbeatConfirmation, error) {
	return answer(id, asked, core.NewHeartbeatConfirmation(at16))
}
func (central16) OnMeterValues(id string, asked *core.MeterValuesRequest) (*core.MeterValuesConfirmation, error) {
	return answer(id, asked, core.NewMeterValuesConfirmation())
}
func (central16) OnStatusNotification(id string, asked *core.StatusNotificationRequest) (*core.StatusNotificationConfirmation, error) {
	return answer(id, asked, core.NewStatusNotificationConfirmation())
}
func (central16) OnStartTransaction(id string, asked *core.StartTransactionRequest) (*core.StartTransactionConfirmation, error) {
	return answer(id, asked, core.NewStartTransactionConfirmation(types.NewIdTagInfo(types.AuthorizationStatusAccepted), 7))
}
func (central16) OnStopTransaction(id string, asked *core.StopTransactionRequest) (*core.StopTransactionConfirmation, error) {
	return answer(id, asked, core.NewStopTransactionConfirmation())
}

func csms16(server ws.WsServer) interface{ Start(port int, path string) } {
	types.DateTimeFormat = withMilliseconds
	csms := ocpp16.NewCentralSystem(nil, server)
	csms.SetCoreHandler(central16{})
	csms.SetChargePointDisconnectedHandler(gone)
	return csms
}
