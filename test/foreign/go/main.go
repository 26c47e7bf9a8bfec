// Command foreign is a charge point and a central system of OCPP 1.6 made with ocpp-go.
//
//	foreign station URL ID   boots, runs one transaction, prints {"boot","token"}, ends with its input
//	foreign csms             prints {"port"}, then each action of a station as {"station","action"}
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"time"

	ocpp16 "github.com/lorenzodonini/ocpp-go/ocpp1.6"
	"github.com/lorenzodonini/ocpp-go/ocpp1.6/core"
	"github.com/lorenzodonini/ocpp-go/ocpp1.6/types"
	"github.com/lorenzodonini/ocpp-go/ws"
)

var at = types.NewDateTime(time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC))

func note(what map[string]any) {
	line, _ := json.Marshal(what)
	fmt.Println(string(line))
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func waitForInput() { bufio.NewReader(os.Stdin).ReadString('\n') }

func main() {
	if len(os.Args) == 4 && os.Args[1] == "station" {
		station(os.Args[2], os.Args[3])
	} else if len(os.Args) == 2 && os.Args[1] == "csms" {
		csms()
	} else {
		must(fmt.Errorf("usage: foreign station URL ID | foreign csms"))
	}
}

// ---- Station

type commands struct{ heard []string }

func (c *commands) OnChangeAvailability(*core.ChangeAvailabilityRequest) (*core.ChangeAvailabilityConfirmation, error) {
	return core.NewChangeAvailabilityConfirmation(core.AvailabilityStatusRejected), nil
}
func (c *commands) OnChangeConfiguration(*core.ChangeConfigurationRequest) (*core.ChangeConfigurationConfirmation, error) {
	return core.NewChangeConfigurationConfirmation(core.ConfigurationStatusRejected), nil
}
func (c *commands) OnClearCache(*core.ClearCacheRequest) (*core.ClearCacheConfirmation, error) {
	c.heard = append(c.heard, "ClearCache")
	return core.NewClearCacheConfirmation(core.ClearCacheStatusAccepted), nil
}
func (c *commands) OnDataTransfer(*core.DataTransferRequest) (*core.DataTransferConfirmation, error) {
	return core.NewDataTransferConfirmation(core.DataTransferStatusRejected), nil
}
func (c *commands) OnGetConfiguration(*core.GetConfigurationRequest) (*core.GetConfigurationConfirmation, error) {
	return core.NewGetConfigurationConfirmation(nil), nil
}
func (c *commands) OnRemoteStartTransaction(*core.RemoteStartTransactionRequest) (*core.RemoteStartTransactionConfirmation, error) {
	return core.NewRemoteStartTransactionConfirmation(types.RemoteStartStopStatusRejected), nil
}
func (c *commands) OnRemoteStopTransaction(*core.RemoteStopTransactionRequest) (*core.RemoteStopTransactionConfirmation, error) {
	return core.NewRemoteStopTransactionConfirmation(types.RemoteStartStopStatusRejected), nil
}
func (c *commands) OnReset(*core.ResetRequest) (*core.ResetConfirmation, error) {
	return core.NewResetConfirmation(core.ResetStatusRejected), nil
}
func (c *commands) OnUnlockConnector(*core.UnlockConnectorRequest) (*core.UnlockConnectorConfirmation, error) {
	return core.NewUnlockConnectorConfirmation(core.UnlockStatusNotSupported), nil
}

func station(url, id string) {
	handler := &commands{}
	point := ocpp16.NewChargePoint(id, nil, nil)
	point.SetCoreHandler(handler)
	must(point.Start(url))
	boot, err := point.BootNotification("ocpp-go", "Go")
	must(err)
	start, err := point.StartTransaction(1, "TAG-1", 100, at)
	must(err)
	value := types.MeterValue{Timestamp: at, SampledValue: []types.SampledValue{{Value: "250", Unit: types.UnitOfMeasureWh}}}
	_, err = point.MeterValues(1, []types.MeterValue{value}, func(request *core.MeterValuesRequest) {
		request.TransactionId = &start.TransactionId
	})
	must(err)
	_, err = point.StopTransaction(400, at, start.TransactionId)
	must(err)
	note(map[string]any{"boot": boot.Status, "token": start.IdTagInfo.Status})
	waitForInput()
	note(map[string]any{"commands": handler.heard})
	point.Stop()
}

// ---- Central system

type central struct{}

func heard(station, action string) { note(map[string]any{"station": station, "action": action}) }

func (central) OnAuthorize(id string, _ *core.AuthorizeRequest) (*core.AuthorizeConfirmation, error) {
	heard(id, "Authorize")
	return core.NewAuthorizationConfirmation(types.NewIdTagInfo(types.AuthorizationStatusAccepted)), nil
}
func (central) OnBootNotification(id string, _ *core.BootNotificationRequest) (*core.BootNotificationConfirmation, error) {
	heard(id, "BootNotification")
	return core.NewBootNotificationConfirmation(at, 300, core.RegistrationStatusAccepted), nil
}
func (central) OnDataTransfer(id string, _ *core.DataTransferRequest) (*core.DataTransferConfirmation, error) {
	heard(id, "DataTransfer")
	return core.NewDataTransferConfirmation(core.DataTransferStatusRejected), nil
}
func (central) OnHeartbeat(id string, _ *core.HeartbeatRequest) (*core.HeartbeatConfirmation, error) {
	heard(id, "Heartbeat")
	return core.NewHeartbeatConfirmation(at), nil
}
func (central) OnMeterValues(id string, _ *core.MeterValuesRequest) (*core.MeterValuesConfirmation, error) {
	heard(id, "MeterValues")
	return core.NewMeterValuesConfirmation(), nil
}
func (central) OnStatusNotification(id string, _ *core.StatusNotificationRequest) (*core.StatusNotificationConfirmation, error) {
	heard(id, "StatusNotification")
	return core.NewStatusNotificationConfirmation(), nil
}
func (central) OnStartTransaction(id string, _ *core.StartTransactionRequest) (*core.StartTransactionConfirmation, error) {
	heard(id, "StartTransaction")
	return core.NewStartTransactionConfirmation(types.NewIdTagInfo(types.AuthorizationStatusAccepted), 7), nil
}
func (central) OnStopTransaction(id string, _ *core.StopTransactionRequest) (*core.StopTransactionConfirmation, error) {
	heard(id, "StopTransaction")
	return core.NewStopTransactionConfirmation(), nil
}

func csms() {
	server := ws.NewServer()
	system := ocpp16.NewCentralSystem(nil, server)
	system.SetCoreHandler(central{})
	system.SetChargePointDisconnectedHandler(func(point ocpp16.ChargePointConnection) { heard(point.ID(), "gone") })
	go system.Start(0, "/{ws}")
	for server.Addr() == nil {
		time.Sleep(10 * time.Millisecond)
	}
	note(map[string]any{"port": server.Addr().Port})
	waitForInput()
	os.Exit(0)
}
