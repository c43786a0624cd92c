package main

import (
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"time"
)

// zincatiConfig is what the agent heeds of its settings.
type zincatiConfig struct {
	interval       time.Duration
	baseURL        string
	group          string
	nodeUUID       string
	wariness       string
	enabled        bool
	allowDowngrade bool
	strategy       string
	fleetLockURL   string
	timeZone       *time.Location
	windows        []window
}

// window is one weekly maintenance window: minutes since Monday 00:00, in the settings' time zone.
type window struct{ start, length int }

var zincatiFolders = []string{"/usr/lib/zincati/config.d", "/etc/zincati/config.d", "/run/zincati/config.d"}

const minutesPerWeek = 7 * 24 * 60

func loadZincatiConfig(folders []string) (zincatiConfig, error) {
	config := zincatiConfig{
		interval: 300 * time.Second, baseURL: "https://updates.coreos.fedoraproject.org", group: "default",
		enabled: true, strategy: "immediate", timeZone: time.UTC,
	}
	// One name, one file: that of the later folder. All are read in the order of their names.
	files := map[string]string{}
	for _, folder := range folders {
		found, _ := filepath.Glob(folder + "/*.toml")
		for _, file := range found {
			files[filepath.Base(file)] = file
		}
	}
	names := make([]string, 0, len(files))
	for name := range files {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		data, err := os.ReadFile(files[name])
		if err != nil {
			return config, err
		}
		values, err := parseTOML(string(data))
		if err == nil {
			err = config.merge(values)
		}
		if err != nil {
			return config, fmt.Errorf("failed to parse %s: %w", files[name], err)
		}
	}
	return config, nil
}

func (c *zincatiConfig) merge(values map[string]any) error {
	set := func(target *string, path ...string) {
		if value, ok := lookup(values, path...).(string); ok {
			*target = value
		}
	}
	if seconds, ok := lookup(values, "agent", "timing", "steady_interval_secs").(float64); ok {
		c.interval = time.Duration(seconds * float64(time.Second))
	}
	set(&c.baseURL, "cincinnati", "base_url")
	set(&c.group, "identity", "group")
	set(&c.nodeUUID, "identity", "node_uuid")
	if wariness, ok := lookup(values, "identity", "rollout_wariness").(float64); ok {
		c.wariness = fmt.Sprint(wariness)
	}
	if enabled, ok := lookup(values, "updates", "enabled").(bool); ok {
		c.enabled = enabled
	}
	if allow, ok := lookup(values, "updates", "allow_downgrade").(bool); ok {
		c.allowDowngrade = allow
	}
	set(&c.strategy, "updates", "strategy")
	if c.strategy != "immediate" && c.strategy != "periodic" && c.strategy != "fleet_lock" {
		return fmt.Errorf("unsupported strategy '%s'", c.strategy)
	}
	set(&c.fleetLockURL, "updates", "fleet_lock", "base_url")
	zone := ""
	if set(&zone, "updates", "periodic", "time_zone"); zone != "" {
		if zone == "localtime" {
			zone = "Local"
		}
		location, err := time.LoadLocation(zone)
		if err != nil {
			return err
		}
		c.timeZone = location
	}
	windows, _ := lookup(values, "updates", "periodic", "window").([]any)
	for _, one := range windows {
		table, _ := one.(map[string]any)
		parsed, err := parseWindow(table)
		if err != nil {
			return err
		}
		c.windows = append(c.windows, parsed...)
	}
	return nil
}

func lookup(values map[string]any, path ...string) any {
	var at any = values
	for _, part := range path {
		table, ok := at.(map[string]any)
		if !ok {
			return nil
		}
		at = table[part]
	}
	return at
}

var weekdays = []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"}

func parseWindow(table map[string]any) ([]window, error) {
	start, _ := table["start_time"].(string)
	length, _ := table["length_minutes"].(float64)
	clock, err := time.Parse("15:04", start)
	if err != nil || length <= 0 {
		return nil, fmt.Errorf("window needs start_time \"hh:mm\" and length_minutes > 0")
	}
	days, _ := table["days"].([]any)
	var windows []window
	for _, day := range days {
		name := strings.ToLower(fmt.Sprint(day))
		at := -1
		for i, weekday := range weekdays {
			if strings.HasPrefix(name, weekday) {
				at = i
			}
		}
		if at == -1 {
			return nil, fmt.Errorf("unknown weekday '%v'", day)
		}
		windows = append(windows, window{at*24*60 + clock.Hour()*60 + clock.Minute(), int(length)})
	}
	return windows, nil
}

// isInWindow: whether the strategy periodic may reboot now. Windows reach over midnight and over the end of the week.
func (c zincatiConfig) isInWindow(now time.Time) bool {
	local := now.In(c.timeZone)
	minute := (int(local.Weekday())+6)%7*24*60 + local.Hour()*60 + local.Minute()
	for _, one := range c.windows {
		if (minute-one.start+minutesPerWeek)%minutesPerWeek < one.length {
			return true
		}
	}
	return false
}
