// Command coredns stands for the image of that name in a lab: CoreDNS binds every address, and pods of a lab share them.
//
// It answers, on the pod's own address and port 53, as the plugin whoami does: who asked, and from which port. It is a
// program in Go because the suite mounts a volume over /root, where an interpreter may live.
package main

import (
	"log"
	"net"
	"os"
	"strconv"

	"github.com/miekg/dns"
)

func main() {
	address := net.JoinHostPort(os.Getenv("GATELAB_POD_IP"), "53")
	log.Printf("answering on %s", address)
	log.Fatal(dns.ListenAndServe(address, "udp", dns.HandlerFunc(whoami)))
}

func whoami(w dns.ResponseWriter, query *dns.Msg) {
	host, port, _ := net.SplitHostPort(w.RemoteAddr().String())
	number, _ := strconv.ParseUint(port, 10, 16)
	name := query.Question[0].Name
	reply := new(dns.Msg).SetReply(query)
	reply.Authoritative = true
	reply.Extra = []dns.RR{
		&dns.A{Hdr: header(name, dns.TypeA), A: net.ParseIP(host)},
		&dns.SRV{Hdr: header("_udp."+name, dns.TypeSRV), Port: uint16(number), Target: "."},
	}
	if err := w.WriteMsg(reply); err != nil {
		log.Print(err)
	}
}

func header(name string, kind uint16) dns.RR_Header {
	return dns.RR_Header{Name: name, Rrtype: kind, Class: dns.ClassINET}
}
