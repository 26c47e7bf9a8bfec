package main

import (
	ocpp201 "github.com/lorenzodonini/ocpp-go/ocpp2.0.1"
	"github.com/lorenzodonini/ocpp-go/ocpp2.0.1/authorization"
	"github.com/lorenzodonini/ocpp-go/ocpp2.0.1/availability"
	"github.com/lorenzodonini/ocpp-go/ocpp2.0.1/meter"
	"github.com/lorenzodonini/ocpp-go/ocpp2.0.1/provisioning"
	"github.com/lorenzodonini/ocpp-go/ocpp2.0.1/transactions"
	"github.com/lorenzodonini/ocpp-go/ocpp2.0.1/types"
	"github.com/lorenzodonini/ocpp-go/ws"
)

var at201 = types.NewDateTime(atNoon)

type commands201 struct{ id string }

func (c commands201) OnClearCache(asked *authorization.ClearCacheRequest) (*authorization.ClearCacheResponse, error) {
	return answer(c.id, asked, authorization.NewClearCacheResponse(authorization.ClearCacheStatusAccepted))
}

func station201(url, id string) (answers, func()) {
	station := ocpp201.NewChargingStation(id, nil, nil)
	station.SetAuthorizationHandler(commands201{id})
	check(station.Start(url))
	boot := must(station.BootNotification(provisioning.BootReasonPowerUp, "ocpp-go", "Go"))
	must(station.StatusNotification(at201, availability.ConnectorStatusOccupied, 1, 1))
	authorize := must(station.Authorize("TAG-1", types.IdTokenTypeISO14443))

	connector, seqNo := 1, 0
	event := func(what transactions.TransactionEvent, why transactions.TriggerReason, kWh float64) *transactions.TransactionEventResponse {
		info := transactions.Transaction{TransactionID: "GO-1"}
		response := must(station.TransactionEvent(what, at201, why, seqNo, info, func(request *transactions.TransactionEventRequest) {
			request.Evse = &types.EVSE{ID: 1, ConnectorID: &connector}
			value := types.SampledValue{Value: kWh, UnitOfMeasure: &types.UnitOfMeasure{Unit: "kWh"}}
			request.MeterValue = []types.MeterValue{{Timestamp: *at201, SampledValue: []types.SampledValue{value}}}
			switch what {
			case transactions.TransactionEventStarted: // a token comes once for each authorization
				request.IDToken = &types.IdToken{IdToken: "TAG-1", Type: types.IdTokenTypeISO14443}
			case transactions.TransactionEventEnded:
				request.TransactionInfo.StoppedReason = transactions.ReasonEVDisconnected
			}
		}))
		seqNo++
		return response
	}
	start := event(transactions.TransactionEventStarted, transactions.TriggerReasonAuthorized, 0.1)
	event(transactions.TransactionEventUpdated, transactions.TriggerReasonMeterValuePeriodic, 0.25)
	event(transactions.TransactionEventEnded, transactions.TriggerReasonEVCommunicationLost, 0.4)
	return answers{string(boot.Status), string(authorize.IdTokenInfo.Status), string(start.IDTokenInfo.Status)}, station.Stop
}

// central201 is the handler of each functional block that it has methods of.
type central201 struct{}

func accepted() *types.IdTokenInfo { return types.NewIdTokenInfo(types.AuthorizationStatusAccepted) }

func (central201) OnAuthorize(id string, asked *authorization.AuthorizeRequest) (*authorization.AuthorizeResponse, error) {
	return answer(id, asked, authorization.NewAuthorizationResponse(*accepted()))
}
func (central201) OnBootNotification(id string, asked *provisioning.BootNotificationRequest) (*provisioning.BootNotificationResponse, error) {
	return answer(id, asked, provisioning.NewBootNotificationResponse(at201, 300, provisioning.RegistrationStatusAccepted))
}
func (central201) OnHeartbeat(id string, asked *availability.HeartbeatRequest) (*availability.HeartbeatResponse, error) {
	return answer(id, asked, availability.NewHeartbeatResponse(*at201))
}
func (central201) OnMeterValues(id string, asked *meter.MeterValuesRequest) (*meter.MeterValuesResponse, error) {
	return answer(id, asked, meter.NewMeterValuesResponse())
}
func (central201) OnNotifyReport(id string, asked *provisioning.NotifyReportRequest) (*provisioning.NotifyReportResponse, error) {
	return answer(id, asked, provisioning.NewNotifyReportResponse())
}
func (central201) OnStatusNotification(id string, asked *availability.StatusNotificationRequest) (*availability.StatusNotificationResponse, error) {
	return answer(id, asked, availability.NewStatusNotificationResponse())
}
func (central201) OnTransactionEvent(id string, asked *transactions.TransactionEventRequest) (*transactions.TransactionEventResponse, error) {
	response := transactions.NewTransactionEventResponse()
	if asked.IDToken != nil { // then the standard wants to know of it
		response.IDTokenInfo = accepted()
	}
	return answer(id, asked, response)
}

func csms201(server ws.WsServer) interface{ Start(port int, path string) } {
	types.DateTimeFormat = withMilliseconds
	csms := ocpp201.NewCSMS(nil, server)
	csms.SetAuthorizationHandler(central201{})
	csms.SetAvailabilityHandler(central201{})
	csms.SetMeterHandler(central201{})
	csms.SetProvisioningHandler(central201{})
	csms.SetTransactionsHandler(central201{})
	csms.SetChargingStationDisconnectedHandler(gone)
	return csms
}
