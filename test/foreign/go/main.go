// Command foreign is a charging station and a CSMS made with ocpp-go, of either version it speaks.
//
//	foreign station VERSION URL ID   boots, runs one transaction, prints {"boot","authorize","token"}
//	                                 and what it is asked for; a line of input lets it leave
//	foreign csms VERSION             prints {"port"} and what stations ask for; ends with its input
//
// What a peer asks for is printed as {"station","action","asked"}, the end of a connection as
// {"station","action":"gone"}.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"time"

	"github.com/lorenzodonini/ocpp-go/ocpp"
	"github.com/lorenzodonini/ocpp-go/ws"
)

// version is what differs between versions of OCPP: the library shares no message between them.
type version struct {
	// station has its day, and keeps connected until it is told to leave.
	station func(url, id string) (told answers, leave func())
	// csms makes a CSMS of a server, which it does not start.
	csms func(server ws.WsServer) interface{ Start(port int, path string) }
}

var versions = map[string]version{
	"ocpp1.6":   {station16, csms16},
	"ocpp2.0.1": {station201, csms201},
}

// answers are the statuses a station was given.
type answers struct {
	Boot      string `json:"boot"`
	Authorize string `json:"authorize"`
	Token     string `json:"token"` // with the start of its transaction
}

// atNoon is when everything happens.
var atNoon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// withMilliseconds is how a CSMS writes times, so that it prints what it was asked as it came. A
// station keeps the format of the library, which has none.
const withMilliseconds = "2006-01-02T15:04:05.000Z07:00"

func main() {
	args := append(os.Args[1:], "", "")
	speak, isKnown := versions[args[1]]
	switch {
	case isKnown && args[0] == "station" && len(os.Args) == 5:
		id := args[3]
		told, leave := speak.station(args[2], id)
		note(told)
		waitForInput()
		leave()
		noteGone(id)
	case isKnown && args[0] == "csms" && len(os.Args) == 3:
		server := ws.NewServer()
		go speak.csms(server).Start(0, "/{id}")
		for server.Addr() == nil {
			time.Sleep(10 * time.Millisecond)
		}
		note(map[string]int{"port": server.Addr().Port})
		waitForInput()
	default:
		check(fmt.Errorf("usage: foreign station VERSION URL ID | foreign csms VERSION"))
	}
}

// answer notes what was asked, and is the answer.
func answer[R ocpp.Response](station string, asked ocpp.Request, response R) (R, error) {
	note(map[string]any{"station": station, "action": asked.GetFeatureName(), "asked": asked})
	return response, nil
}

// gone notes the end of a connection, whose type each version has of its own.
func gone[C interface{ ID() string }](connection C) { noteGone(connection.ID()) }

func noteGone(station string) { note(map[string]string{"station": station, "action": "gone"}) }

func note(what any) { fmt.Println(string(must(json.Marshal(what)))) }

func waitForInput() { bufio.NewReader(os.Stdin).ReadString('\n') }

func must[T any](value T, err error) T {
	check(err)
	return value
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
