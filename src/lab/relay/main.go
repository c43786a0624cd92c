// Relay carries Ethernet frames between two interfaces, late and with losses: a slow link, where the kernel has no netem.
// Usage: relay INTERFACE INTERFACE DELAY LOSS-PERCENT   (each way; DELAY as 100ms)
package main

import (
	"log"
	"math/rand"
	"net"
	"os"
	"strconv"
	"syscall"
	"time"
)

const (
	solPacket            = 263
	packetVnetHdr        = 15 // frames keep their checksum and segmentation offload marks, so TCP survives
	packetIgnoreOutgoing = 23
	frameBytesMax        = 10 + 65535 + 32 // virtio header, a segmentation-offload frame
	queueFramesMax       = 20000           // a full queue drops, as a router's does
)

type frame struct {
	due   time.Time
	bytes []byte
}

func main() {
	if len(os.Args) != 5 {
		log.Fatal("usage: relay INTERFACE INTERFACE DELAY LOSS-PERCENT")
	}
	delay, err := time.ParseDuration(os.Args[3])
	check(err)
	loss, err := strconv.ParseFloat(os.Args[4], 64)
	check(err)
	left, right := open(os.Args[1]), open(os.Args[2])
	go carry(left, right, delay, loss/100)
	carry(right, left, delay, loss/100)
}

// open takes all frames that an interface receives.
func open(name string) int {
	link, err := net.InterfaceByName(name)
	check(err)
	check(syscall.SetLsfPromisc(name, true))
	all := int(htons(syscall.ETH_P_ALL))
	fd, err := syscall.Socket(syscall.AF_PACKET, syscall.SOCK_RAW, 0) // nothing is received before bind
	check(err)
	check(syscall.SetsockoptInt(fd, solPacket, packetVnetHdr, 1))
	check(syscall.SetsockoptInt(fd, solPacket, packetIgnoreOutgoing, 1))
	check(syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_RCVBUF, 8<<20))
	check(syscall.Bind(fd, &syscall.SockaddrLinklayer{Protocol: uint16(all), Ifindex: link.Index}))
	return fd
}

func carry(from, to int, delay time.Duration, loss float64) {
	queue := make(chan frame, queueFramesMax)
	go func() {
		for next := range queue {
			time.Sleep(time.Until(next.due))
			_, _ = syscall.Write(to, next.bytes) // a link that is down loses frames
		}
	}()
	buffer := make([]byte, frameBytesMax)
	for {
		n, err := syscall.Read(from, buffer)
		if err == syscall.EINTR || err == syscall.ENETDOWN {
			continue
		}
		check(err)
		if rand.Float64() < loss {
			continue
		}
		select {
		case queue <- frame{time.Now().Add(delay), append([]byte(nil), buffer[:n]...)}:
		default:
		}
	}
}

func htons(value uint16) uint16 { return value<<8 | value>>8 }

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
