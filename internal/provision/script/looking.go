package script

import (
	"cmp"
	"maps"
	"slices"
	"strconv"

	"github.com/tariffd/tariffd/internal/provision"
	"github.com/tariffd/tariffd/internal/provision/program"
	"github.com/tariffd/tariffd/internal/provision/script/internal/document"
	"github.com/tariffd/tariffd/internal/provision/script/mgrctl"
)

// looking are the functions that mean something else while the program only looks, by its command.
var looking = map[string]map[string]function{
	syncItem: {
		"service.postsuspend": {ofService, "", standing(provision.CutOff)},
		"service.postresume":  {ofService, "", standing(provision.Served)},
		"service.setstatus":   {ofService, "", setStatus},
	},
	document.Import: {
		"processing.import.service": {ofNothing, "", importService},
		"processing.import.profile": {ofNothing, "", importProfile},
		"service.saveparam":         {ofNothing, "", importParameter},
		"service.setstatus":         {ofNothing, "", importStatus},
		"service.setexpiredate":     {ofNothing, "", importExpiry},
		"service.ip.add":            {ofNothing, "", importAddress},
		"service.ip.add.commit":     {ofNothing, "", accepted},
	},
}

func standing(s provision.Standing) func(*session, map[string]string) mgrctl.Answer {
	return func(x *session, _ map[string]string) mgrctl.Answer {
		x.told.seen.standing = s
		return mgrctl.Answer{}
	}
}

// setStatus tells the standing where the status is one of the two that mean it; other products have statuses of their own.
func setStatus(s *session, args map[string]string) mgrctl.Answer {
	_ = s.told.setStanding(args["service_status"])
	return saveAs("service_status")(s, args)
}

// importProfile keeps whose something is; the answered number stands for the address.
func importProfile(s *session, args map[string]string) mgrctl.Answer {
	email := args["email"]
	if email == "" {
		return mgrctl.Refuse("email", "without an address nobody can tell whose it is")
	}
	s.profiles = append(s.profiles, email)
	return mgrctl.Answer{Row: mgrctl.Row{{Name: "profile_id", Value: strconv.Itoa(len(s.profiles))}}}
}

// importService keeps one found object. Its name is its external id unless another is given; what has no meaning here is kept as a
// parameter.
func importService(s *session, args map[string]string) mgrctl.Answer {
	if id := args["module"]; id != "" && id != s.doc.Module.ID && id != strconv.FormatInt(program.Number(s.doc.Module.ID), 10) {
		return mgrctl.Refuse("module", "%.60s is not the module of this run", id)
	}
	x := &listed{name: args["import_service_name"]}
	owner := cmp.Or(args["owner"], args["email"])
	if id := cmp.Or(args["profile"], args["profile_id"]); id != "" {
		n, err := strconv.Atoi(id)
		if err != nil || n < 1 || n > len(s.profiles) {
			return mgrctl.Refuse("profile", "there is no profile %.60s of this run", id)
		}
		owner = s.profiles[n-1]
	}
	for _, set := range []struct {
		name string
		do   func(string) error
		text string
	}{
		{"external_id", x.setRef, cmp.Or(args["external_id"], x.name)},
		{"owner", x.setOwner, owner},
		{"domain", x.setDomain, args["domain"]},
		{"import_pricelist_intname", x.setSort, args["import_pricelist_intname"]},
		{"status", x.setStanding, args["status"]},
		{"power", x.setPower, args["power"]},
	} {
		if err := set.do(set.text); err != nil {
			return taken(set.name, err)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(args)) {
		if ofImport[name] {
			continue
		}
		if err := x.keep(name, args[name]); err != nil {
			return taken(name, err)
		}
	}
	if err := s.told.list(x); err != nil {
		return taken("external_id", err)
	}
	return mgrctl.Answer{Row: mgrctl.Row{{Name: "service_id", Value: strconv.Itoa(len(s.told.machines))}}}
}

// ofImport are the arguments of an imported service that are no parameters.
var ofImport = map[string]bool{
	"sok": true, "module": true, "itemtype": true, "import_service_name": true, "import_pricelist_intname": true, "external_id": true, "owner": true,
	"email": true, "profile": true, "profile_id": true, "domain": true, "status": true, "power": true,
}

// keep takes one value of a found object. Passwords are not taken over.
func (x *listed) keep(name, value string) error {
	switch name {
	case "password", "userpassword":
		return nil
	case "ip":
		return x.addAddress(value, "", "", false)
	case "external_id":
		return x.setRef(value)
	case "domain":
		return x.setDomain(value)
	}
	return x.setParameter(name, value)
}

// imported is the found object that a call is about, by the number that its import was answered.
func imported(s *session, args map[string]string, do func(*listed) error) mgrctl.Answer {
	n, err := strconv.Atoi(args["elid"])
	if err != nil || n < 1 || n > len(s.told.machines) {
		return mgrctl.Refuse("elid", "%.60s is nothing that this run has found", args["elid"])
	}
	return taken("value", do(s.told.machines[n-1]))
}

func importParameter(s *session, args map[string]string) mgrctl.Answer {
	return imported(s, args, func(x *listed) error {
		if truth(args["crypted"]) {
			return nil
		}
		return x.keep(args["name"], args["value"])
	})
}

func importStatus(s *session, args map[string]string) mgrctl.Answer {
	return imported(s, args, func(x *listed) error {
		_ = x.setStanding(args["service_status"])
		return x.setParameter("service_status", args["service_status"])
	})
}

func importExpiry(s *session, args map[string]string) mgrctl.Answer {
	return imported(s, args, func(x *listed) error { return x.setParameter("expiredate", args["expiredate"]) })
}

func importAddress(s *session, args map[string]string) mgrctl.Answer {
	return imported(s, args, func(x *listed) error {
		return x.addAddress(args["ip"], args["gateway"], args["network"], truth(args["main"]))
	})
}
