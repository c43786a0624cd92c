package main

// What client and daemon say to each other, one JSON value a line, over a socket that systemd listens on. The real ones
// use D-Bus; what comes out of the client is the same.
const socketPath = "/run/rpm-ostree/lab.socket"

// request is one method call. Title is the caller's command line, by which others see the transaction.
type request struct {
	Method string
	Title  string
	Args   arguments
}

// arguments of all methods; two calls are the same when method and arguments are.
type arguments struct {
	Refspec, Revision, Checksum, Driver string   `json:",omitempty"`
	Reboot, Lock                        bool     `json:",omitempty"`
	AllowDowngrade, SkipBranchCheck     bool     `json:",omitempty"`
	CacheOnly, DownloadOnly, CheckOnly  bool     `json:",omitempty"`
	AllowMissingChecksum, AllowUnlocked bool     `json:",omitempty"`
	Pending, Rollback, Base, RepoMd     bool     `json:",omitempty"`
	Append, Delete, Replace             []string `json:",omitempty"`
	AppendIfMissing, DeleteIfPresent    []string `json:",omitempty"`
	DeployIndex                         string   `json:",omitempty"`
	AllowReplacement, Reset             bool     `json:",omitempty"`
}

// reply is one line of the daemon's answer; the last one has Done.
type reply struct {
	Attached string   `json:",omitempty"` // title of the running transaction that this call has joined
	Line     string   `json:",omitempty"`
	Status   *status  `json:",omitempty"`
	Kargs    []string `json:",omitempty"`
	Error    string   `json:",omitempty"`
	Changed  bool     `json:",omitempty"` // whether there is something new: what exit code 77 is about
	Done     bool     `json:",omitempty"`
}

// status is `rpm-ostree status --json`.
type status struct {
	Deployments  []map[string]any `json:"deployments"`
	Transaction  []string         `json:"transaction"`
	CachedUpdate map[string]any   `json:"cached-update"`
	UpdateDriver map[string]any   `json:"update-driver"`
}
