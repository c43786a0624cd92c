package main

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"reflect"
	"strings"
	"sync"
	"syscall"
	"time"
)

const idleExit = 60 * time.Second

// transaction is the one thing that the daemon may be doing. It lives as long as the daemon, whoever asked for it.
type transaction struct {
	request
	sender    string
	lines     []string
	listeners []chan string
	cancelled chan struct{}
	finished  chan struct{}
	changed   bool
	err       error
	command   *exec.Cmd // what runs for it now
}

type daemon struct {
	mutex     sync.Mutex
	current   *transaction
	calls     int
	clients   int
	idleSince time.Time
	rebooting bool
}

// daemonMain serves the socket that systemd hands over, and ends when nobody has asked for a minute.
func daemonMain() int {
	listener, err := net.FileListener(os.NewFile(3, "socket"))
	if err != nil || os.Getenv("LISTEN_FDS") == "" {
		fmt.Fprintln(os.Stderr, "error: rpm-ostreed is started by rpm-ostreed.socket")
		return 1
	}
	os.Unsetenv("LISTEN_FDS")
	syscall.CloseOnExec(3)
	d := &daemon{idleSince: time.Now()}
	go d.exitWhenIdle()
	for {
		connection, err := listener.Accept()
		if err != nil {
			return 1
		}
		d.mutex.Lock()
		d.clients++
		d.mutex.Unlock()
		go d.serve(connection.(*net.UnixConn))
	}
}

func (d *daemon) exitWhenIdle() {
	for range time.Tick(2 * time.Second) {
		d.mutex.Lock()
		if d.clients == 0 && d.current == nil && time.Since(d.idleSince) > idleExit {
			os.Exit(0) // the socket stays: the next call starts it again
		}
		d.mutex.Unlock()
	}
}

func (d *daemon) serve(connection *net.UnixConn) {
	defer func() {
		connection.Close()
		d.mutex.Lock()
		d.clients--
		d.idleSince = time.Now()
		d.mutex.Unlock()
	}()
	out := json.NewEncoder(connection)
	var call request
	if json.NewDecoder(connection).Decode(&call) != nil {
		return
	}
	caller, err := callerOf(connection)
	if err != nil {
		return
	}
	// A caller that goes away only misses the answer.
	send := func(r reply) { _ = out.Encode(r) }
	switch call.Method {
	case "Status":
		answer, err := d.status()
		send(final(reply{Status: answer}, err))
	case "Kargs":
		kargs, err := printedKargs(call.Args)
		send(final(reply{Kargs: kargs}, err))
	default:
		if caller.uid != 0 {
			send(final(reply{}, fmt.Errorf("rpmostreed OS operation %s not allowed for user", call.Method)))
			return
		}
		if call.Method == "Cancel" {
			d.cancel(send)
			return
		}
		if call.Method == "Reload" {
			send(final(reply{}, nil))
			return
		}
		d.run(call, caller, send)
	}
}

func final(r reply, err error) reply {
	r.Done = true
	if err != nil {
		r.Error = err.Error()
	}
	return r
}

// run starts a transaction, or joins one that is the very same.
func (d *daemon) run(call request, caller caller, send func(reply)) {
	d.mutex.Lock()
	t := d.current
	switch {
	case t != nil && (t.Method != call.Method || !reflect.DeepEqual(t.Args, call.Args)):
		d.mutex.Unlock()
		send(final(reply{}, busy(call.Method, t.Title)))
		return
	case t != nil:
		send(reply{Attached: t.Title})
	case d.rebooting:
		d.mutex.Unlock()
		send(final(reply{}, fmt.Errorf("Reboot initiated, cannot start new transaction")))
		return
	default:
		lock, err := lockSysroot()
		if err != nil {
			d.mutex.Unlock()
			send(final(reply{}, err))
			return
		}
		d.calls++
		t = &transaction{request: call, sender: fmt.Sprintf(":1.%d", 20+d.calls), cancelled: make(chan struct{}), finished: make(chan struct{})}
		d.current = t
		go d.execute(t, caller, lock)
	}
	listener := make(chan string, 4096)
	for _, line := range t.lines {
		listener <- line
	}
	t.listeners = append(t.listeners, listener)
	d.mutex.Unlock()
	for line := range listener {
		send(reply{Line: line})
	}
	<-t.finished
	send(final(reply{Changed: t.changed}, t.err))
}

// busy is worded by the method: cleanup asks in another way than the others.
func busy(method, title string) error {
	words := "Transaction in progress: " + title
	if method == "Cleanup" {
		return fmt.Errorf("cleanup: Invoking cleanup: GDBus.Error:org.gtk.GDBus.UnmappedGError.Quark._g_2dio_2derror_2dquark.Code26: %s", words)
	}
	return fmt.Errorf("%s\n You can cancel the current transaction with `rpm-ostree cancel`", words)
}

func (d *daemon) execute(t *transaction, caller caller, lock *sysrootLock) {
	fmt.Printf("Initiated txn %s for client uid=%d: %s\n", t.Method, caller.uid, t.Title)
	work := work{daemon: d, transaction: t, caller: caller, lock: lock}
	changed, err := work.do()
	lock.release()
	d.mutex.Lock()
	defer d.mutex.Unlock()
	t.changed, t.err = changed, err
	d.current = nil
	d.idleSince = time.Now()
	for _, listener := range t.listeners {
		close(listener)
	}
	t.listeners = nil
	close(t.finished)
	if err != nil {
		fmt.Printf("Txn %s failed: %s\n", t.Method, err)
	} else {
		fmt.Printf("Txn %s successful\n", t.Method)
	}
	if work.reboot && err == nil {
		d.rebooting = true
		go func() {
			time.Sleep(50 * time.Millisecond) // the client is told first
			fmt.Println("Initiating reboot requested from transaction")
			_ = exec.Command("systemctl", "--no-ask-password", "reboot").Run()
		}()
	}
}

// say sends a line of progress to whoever listens.
func (d *daemon) say(t *transaction, line string) {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	t.lines = append(t.lines, line)
	for _, listener := range t.listeners {
		select {
		case listener <- line:
		default:
		}
	}
}

// cancelPatience: how long what runs may go on after `cancel`. The real one waits for the fetch under way: half a minute
// when the server is slow or dead.
const cancelPatience = 26 * time.Second

func (d *daemon) cancel(send func(reply)) {
	d.mutex.Lock()
	t := d.current
	if t == nil {
		d.mutex.Unlock()
		send(final(reply{Line: "No active transaction."}, nil))
		return
	}
	select {
	case <-t.cancelled:
	default:
		close(t.cancelled)
	}
	command := t.command
	d.mutex.Unlock()
	send(reply{Line: "Cancelling transaction: " + t.Title})
	select {
	case <-t.finished:
	case <-time.After(cancelPatience):
		if command != nil && command.Process != nil {
			_ = syscall.Kill(-command.Process.Pid, syscall.SIGKILL)
		}
		<-t.finished
	}
	send(final(reply{Line: "Cancelled."}, nil))
}

func (d *daemon) status() (*status, error) {
	if _, err := os.Stat(bootedMark); err != nil {
		return nil, fmt.Errorf("This system was not booted via libostree")
	}
	deployments, err := loadDeployments()
	if err != nil {
		return nil, err
	}
	d.mutex.Lock()
	defer d.mutex.Unlock()
	answer := &status{Deployments: []map[string]any{}, UpdateDriver: readDriver()}
	for _, one := range deployments {
		answer.Deployments = append(answer.Deployments, describe(one))
	}
	if t := d.current; t != nil {
		answer.Transaction = []string{t.Method, t.sender, "/org/projectatomic/rpmostree1/" + strings.ReplaceAll(stateroot, "-", "_")}
	}
	return answer, nil
}
