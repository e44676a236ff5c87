package dcimanager6

import (
	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/dcimanager6/internal/panel"
)

// What a module makes of a machine's power (parameter power_sync).
const (
	powerOn    = "on"     // an active service's machine is on
	powerOnOff = "on_off" // and a suspended one's is off
)

// keepsPower tells whether a machine should be on while its service has a standing; nil: the module leaves it as it is.
//
// The vendor tells two things that meet here: its billing system switches the machine of an active service on and that of a
// stopped one off when it compares them, and disabling a server shuts the switch port and leaves the machine on. So the port is
// what a suspension closes, always; the machine of an active service is switched on; and that of a suspended one is switched off
// only where the module says so.
func (m *Module) keepsPower(standing provision.Standing) *bool {
	on := standing == provision.Served
	switch {
	case on && m.set.PowerSync != "none", standing == provision.CutOff && m.set.PowerSync == powerOnOff:
		return &on
	}
	return nil
}

// power is the step that brings a machine's power in line with the standing that its service has, or is to have.
func (w *work) power(s panel.Server, standing provision.Standing) *step {
	keep := w.keepsPower(standing)
	switch {
	case keep == nil:
		return nil
	case *keep && s.PowerStatus == "off":
		return w.call("power on", panel.PowerOn, s)
	case !*keep && s.PowerStatus == "on":
		return w.call("power off", panel.PowerOff, s)
	}
	return nil
}
