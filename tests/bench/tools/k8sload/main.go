// k8sload fills a throw-away Kubernetes API with Services, EndpointSlices and Pods,
// writes dnsblast query lists for them, and measures how long an API change takes to
// reach a DNS server's answers.  Standard library only.
package main

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"encoding/binary"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"math/rand"
	"net"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"sort"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

var (
	api   = flag.String("api", os.Getenv("K8SLOAD_API"), "API server (K8SLOAD_API)")
	token = flag.String("token", os.Getenv("K8SLOAD_TOKEN"), "bearer token (K8SLOAD_TOKEN)")
	cmd   = flag.String("cmd", "load", "load | lists | latency | storm | answer | watch")
	from  = flag.Int("from", 0, "first service")
	to    = flag.Int("to", 100, "one past the last service")
	nns   = flag.Int("ns", 20, "namespaces")
	eps   = flag.Int("eps", 3, "endpoints a service")
	heads = flag.Int("headless", 50, "headless services with 10 endpoints")
	podf  = flag.Int("podfrom", 0, "first pod")
	podt  = flag.Int("podto", 300, "one past the last pod")
	conc  = flag.Int("c", 24, "concurrent requests")
	out   = flag.String("out", "", "folder of the query lists")
	dns   = flag.String("dns", "127.0.0.1:5310", "DNS server")
	n     = flag.Int("n", 200, "changes")
	rate  = flag.Float64("rate", 500, "storm, answer: endpoint updates a second meanwhile; answer: -1 for as many as the API server takes")
	secs  = flag.Float64("seconds", 20, "storm: seconds")
)

var client = &http.Client{Transport: &http.Transport{
	TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, MaxIdleConnsPerHost: 256, MaxConnsPerHost: 64, DisableCompression: true}}

type obj = map[string]any

func call(method, path, ctype string, body any) (int, []byte) {
	var b []byte
	if body != nil {
		b, _ = json.Marshal(body)
	}
	r, _ := http.NewRequest(method, *api+path, bytes.NewReader(b))
	r.Header.Set("Authorization", "Bearer "+*token)
	if ctype == "" {
		ctype = "application/json"
	}
	r.Header.Set("Content-Type", ctype)
	res, err := client.Do(r)
	if err != nil {
		return 0, []byte(err.Error())
	}
	defer res.Body.Close()
	x, _ := io.ReadAll(res.Body)
	return res.StatusCode, x
}

func must(code int, b []byte) {
	if code != 200 && code != 201 && code != 409 {
		fmt.Fprintf(os.Stderr, "API answered %d: %.300s\n", code, b)
		os.Exit(1)
	}
}

func parallel(a, b int, f func(int)) {
	var next = int64(a)
	var wg sync.WaitGroup
	for w := 0; w < *conc; w++ {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for {
				i := int(atomic.AddInt64(&next, 1)) - 1
				if i >= b {
					return
				}
				f(i)
			}
		}()
	}
	wg.Wait()
}

func ns(i int) string       { return fmt.Sprintf("ns-%02d", i%*nns) }
func svc(i int) string      { return fmt.Sprintf("svc-%05d", i) }
func svcIP(i int) string    { return fmt.Sprintf("10.%d.%d.%d", 97+i/62500, i/250%250, i%250+1) }
func podIP(i int) string    { return fmt.Sprintf("10.%d.%d.%d", 244+i/62500, i/250%250, i%250+1) }
func dash(ip string) string { return strings.ReplaceAll(ip, ".", "-") }

func service(name, ns, ip string) obj {
	return obj{"apiVersion": "v1", "kind": "Service", "metadata": obj{"name": name, "namespace": ns},
		"spec": obj{"clusterIP": ip, "ports": []obj{{"name": "http", "port": 80, "protocol": "TCP"}}}}
}

func slice(name, ns, svc string, ips []string) obj {
	var e []obj
	for _, ip := range ips {
		e = append(e, obj{"addresses": []string{ip}, "conditions": obj{"ready": true}})
	}
	return obj{"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4",
		"metadata":  obj{"name": name, "namespace": ns, "labels": obj{"kubernetes.io/service-name": svc}},
		"endpoints": e, "ports": []obj{{"name": "http", "port": 8080, "protocol": "TCP"}}}
}

func load() {
	t := time.Now()
	must(call("POST", "/api/v1/namespaces", "", obj{"metadata": obj{"name": "perf"}}))
	for i := 0; i < *nns; i++ {
		must(call("POST", "/api/v1/namespaces", "", obj{"metadata": obj{"name": ns(i)}}))
	}
	parallel(*from, *to, func(i int) {
		must(call("POST", "/api/v1/namespaces/"+ns(i)+"/services", "", service(svc(i), ns(i), svcIP(i))))
		var ips []string
		for k := 0; k < *eps; k++ {
			ips = append(ips, podIP(i**eps+k))
		}
		must(call("POST", "/apis/discovery.k8s.io/v1/namespaces/"+ns(i)+"/endpointslices", "", slice(svc(i)+"-x", ns(i), svc(i), ips)))
	})
	if *from == 0 {
		parallel(0, *heads, func(i int) {
			name := fmt.Sprintf("head-%03d", i)
			must(call("POST", "/api/v1/namespaces/"+ns(i)+"/services", "", service(name, ns(i), "None")))
			var ips []string
			for k := 0; k < 10; k++ {
				ips = append(ips, podIP(i*10+k))
			}
			must(call("POST", "/apis/discovery.k8s.io/v1/namespaces/"+ns(i)+"/endpointslices", "", slice(name+"-x", ns(i), name, ips)))
		})
	}
	parallel(*podf, *podt, func(i int) {
		name := fmt.Sprintf("pod-%06d", i)
		p := "/api/v1/namespaces/" + ns(i) + "/pods"
		must(call("POST", p, "", obj{"metadata": obj{"name": name, "labels": obj{"app": svc(i / 3)}}, "spec": obj{"nodeName": "node-1",
			"containers": []obj{{"name": "c", "image": "registry.invalid/app:1", "env": []obj{{"name": "MODE", "value": "production"}}}}}}))
		must(call("PATCH", p+"/"+name+"/status", "application/merge-patch+json",
			obj{"status": obj{"phase": "Running", "podIP": podIP(i), "podIPs": []obj{{"ip": podIP(i)}}}}))
	})
	fmt.Printf("{\"services\":[%d,%d],\"pods\":[%d,%d],\"seconds\":%.1f}\n", *from, *to, *podf, *podt, time.Since(t).Seconds())
}

func lists() {
	r := rand.New(rand.NewSource(7))
	write := func(name string, lines []string) {
		if err := os.WriteFile(*out+"/"+name+".txt", []byte(strings.Join(lines, "\n")+"\n"), 0o644); err != nil {
			panic(err)
		}
	}
	const zone = ".svc.cluster.local"
	var a, pod, head, srv, ptr, nx, mix, mixint []string
	for _, i := range r.Perm(*to) {
		a = append(a, svc(i)+"."+ns(i)+zone+" A")
		srv = append(srv, "_http._tcp."+svc(i)+"."+ns(i)+zone+" SRV")
		b := strings.Split(svcIP(i), ".")
		ptr = append(ptr, b[3]+"."+b[2]+"."+b[1]+"."+b[0]+".in-addr.arpa PTR")
		pod = append(pod, dash(podIP(i))+"."+ns(i)+".pod.cluster.local A")
		nx = append(nx, svc(i)+"."+ns(i)+"."+ns(r.Intn(*nns))+zone+" A")
	}
	for i := 0; i < *heads; i++ {
		head = append(head, fmt.Sprintf("head-%03d.%s%s A", i, ns(i), zone))
	}
	both := func(l *[]string, name string) { *l = append(*l, name+" A", name+" AAAA") }
	// Lookups as a pod with ndots:5 makes them: search list first, A and AAAA each.
	for k := 0; k < 10000; k++ {
		i, mine := r.Intn(*to), ns(r.Intn(*nns))
		switch p := r.Float64(); {
		case p < .4: // svc.ns from another namespace
			for _, l := range []*[]string{&mix, &mixint} {
				both(l, svc(i)+"."+ns(i)+"."+mine+zone)
				both(l, svc(i)+"."+ns(i)+zone)
			}
		case p < .6: // svc in its own namespace
			for _, l := range []*[]string{&mix, &mixint} {
				both(l, svc(i)+"."+ns(i)+zone)
			}
		default: // a name outside the cluster
			ext := fmt.Sprintf("host%06d.example.test", r.Intn(200))
			for _, l := range []*[]string{&mix, &mixint} {
				both(l, ext+"."+mine+zone)
				both(l, ext+zone)
				both(l, ext+".cluster.local")
			}
			both(&mix, ext)
		}
	}
	write("svc_a", a)
	write("pod_a", pod)
	write("headless", head)
	write("srv", srv)
	write("ptr", ptr)
	write("nx", nx)
	write("mix", mix)
	write("mix_internal", mixint)
}

// One DNS exchange helper: sends a query every 0.2 ms until ok(answer) holds.
type prober struct {
	c  net.Conn
	id uint16
}

func newProber() *prober {
	c, err := net.Dial("udp", *dns)
	if err != nil {
		panic(err)
	}
	return &prober{c: c}
}

func (p *prober) ask(name string) []string {
	p.id++
	q := []byte{byte(p.id >> 8), byte(p.id), 1, 0, 0, 1, 0, 0, 0, 0, 0, 0}
	for _, l := range strings.Split(name, ".") {
		q = append(q, byte(len(l)))
		q = append(q, l...)
	}
	q = append(q, 0, 0, 1, 0, 1)
	p.c.Write(q)
	var buf [4096]byte
	for {
		p.c.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
		n, err := p.c.Read(buf[:])
		if err != nil {
			return nil
		}
		if n < 12 || binary.BigEndian.Uint16(buf[:]) != p.id {
			continue
		}
		var ips []string
		at := len(q)
		for k := int(binary.BigEndian.Uint16(buf[6:])); k > 0 && at < n; k-- {
			for at < n && buf[at] != 0 && buf[at] < 0xc0 {
				at += int(buf[at]) + 1
			}
			if buf[at] >= 0xc0 {
				at += 2
			} else {
				at++
			}
			if at+10 > n {
				break
			}
			l := int(binary.BigEndian.Uint16(buf[at+8:]))
			if l == 4 && at+14 <= n {
				ips = append(ips, net.IP(buf[at+10:at+14]).String())
			}
			at += 10 + l
		}
		sort.Strings(ips)
		return ips
	}
}

func (p *prober) until(name string, limit time.Duration, ok func([]string) bool) (time.Time, bool) {
	end := time.Now().Add(limit)
	next := time.Now()
	for time.Now().Before(end) {
		if ok(p.ask(name)) {
			return time.Now(), true
		}
		next = next.Add(200 * time.Microsecond)
		for now := time.Now(); now.Before(next); now = time.Now() { // sleeping rounds up to more than 0.2 ms
			if next.Sub(now) > 150*time.Microsecond {
				time.Sleep(50 * time.Microsecond)
			} else {
				runtime.Gosched()
			}
		}
		if next.Before(time.Now()) {
			next = time.Now()
		}
	}
	return end, false
}

func stats(v []float64) obj {
	sort.Float64s(v)
	if len(v) == 0 {
		return obj{"n": 0}
	}
	q := func(p float64) float64 { return v[min(len(v)-1, int(p*float64(len(v))))] }
	return obj{"n": len(v), "min": v[0], "p50": q(.5), "p90": q(.9), "p99": q(.99), "max": v[len(v)-1]}
}

func has(ip string) func([]string) bool {
	return func(ips []string) bool {
		for _, x := range ips {
			if x == ip {
				return true
			}
		}
		return false
	}
}

func latency() {
	p := newProber()
	var sReq, sRes, eReq, eRes, apiMs []float64
	ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
	missed := 0
	tag := time.Now().UnixNano() % 1000000
	for i := 0; i < *n; i++ {
		name := fmt.Sprintf("lat-%d-%d", tag, i)
		ip := fmt.Sprintf("10.111.%d.%d", i/250, i%250+1)
		type r struct{ at time.Time }
		done := make(chan r, 1)
		t0 := time.Now()
		go func() {
			must(call("POST", "/api/v1/namespaces/perf/services", "", service(name, "perf", ip)))
			done <- r{time.Now()}
		}()
		at, ok := p.until(name+".perf.svc.cluster.local", 10*time.Second, has(ip))
		d := <-done
		if !ok {
			missed++
		} else {
			sReq = append(sReq, ms(at.Sub(t0)))
			sRes = append(sRes, ms(at.Sub(d.at)))
			apiMs = append(apiMs, ms(d.at.Sub(t0)))
		}
		must(call("DELETE", "/api/v1/namespaces/perf/services/"+name, "", nil))
	}
	// A headless service whose single endpoint's address changes.
	call("POST", "/api/v1/namespaces/perf/services", "", service("lat-head", "perf", "None"))
	call("POST", "/apis/discovery.k8s.io/v1/namespaces/perf/endpointslices", "", slice("lat-head-x", "perf", "lat-head", []string{"10.99.99.99"}))
	for i := 0; i < *n; i++ {
		ip := fmt.Sprintf("10.%d.%d.%d", 120+tag%100, i/250, i%250+1)
		done := make(chan time.Time, 1)
		t0 := time.Now()
		go func() {
			must(call("PATCH", "/apis/discovery.k8s.io/v1/namespaces/perf/endpointslices/lat-head-x", "application/merge-patch+json",
				obj{"endpoints": []obj{{"addresses": []string{ip}, "conditions": obj{"ready": true}}}}))
			done <- time.Now()
		}()
		at, ok := p.until("lat-head.perf.svc.cluster.local", 10*time.Second, has(ip))
		d := <-done
		if !ok {
			missed++
			continue
		}
		eReq = append(eReq, ms(at.Sub(t0)))
		eRes = append(eRes, ms(at.Sub(d)))
	}
	json.NewEncoder(os.Stdout).Encode(obj{"missed": missed, "service_from_request_ms": stats(sReq), "service_after_response_ms": stats(sRes),
		"slice_from_request_ms": stats(eReq), "slice_after_response_ms": stats(eRes), "api_request_ms": stats(apiMs)})
}

func patchSlice(path string, ips []string) int {
	var e []obj
	for _, ip := range ips {
		e = append(e, obj{"addresses": []string{ip}, "conditions": obj{"ready": true}})
	}
	code, _ := call("PATCH", path, "application/merge-patch+json", obj{"endpoints": e})
	return code
}

// background patches endpoint slices of all services until stop is closed; counts what was done.
func background(stop chan struct{}, done *int64) *sync.WaitGroup {
	var next int64
	var wg sync.WaitGroup
	begin := time.Now()
	for w := 0; w < 16 && *rate != 0; w++ {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for {
				select {
				case <-stop:
					return
				default:
				}
				i := int(atomic.AddInt64(&next, 1))
				if due := begin.Add(time.Duration(float64(i) / *rate * 1e9)); *rate > 0 {
					time.Sleep(time.Until(due))
				}
				s := i * 7919 % *to
				var ips []string
				for k := 0; k < *eps; k++ {
					ips = append(ips, fmt.Sprintf("10.%d.%d.%d", 128+i%64, i/250%250, k+1))
				}
				if patchSlice("/apis/discovery.k8s.io/v1/namespaces/"+ns(s)+"/endpointslices/"+svc(s)+"-x", ips) == 200 {
					atomic.AddInt64(done, 1)
				}
			}
		}()
	}
	return &wg
}

// bareWatch reads all endpoint slices' events as they come and tells when it has read each new address of lat-head-x.
// The API server ends the watch of one that cannot keep up: it begins anew.
func bareWatch(read func(ip string, at time.Time)) {
	for {
		watchOnce(read)
	}
}

func watchOnce(read func(ip string, at time.Time)) {
	r, _ := http.NewRequest("GET", *api+"/apis/discovery.k8s.io/v1/endpointslices?watch=true", nil)
	r.Header.Set("Authorization", "Bearer "+*token)
	res, err := client.Do(r)
	if err != nil || res.StatusCode != 200 {
		fmt.Fprintln(os.Stderr, "the bare watch does not start:", err)
		os.Exit(1)
	}
	defer res.Body.Close()
	lines := bufio.NewReaderSize(res.Body, 1<<20)
	for {
		line, err := lines.ReadSlice('\n')
		if err != nil {
			return
		}
		at := time.Now()
		if !bytes.Contains(line, []byte(`"name":"lat-head-x"`)) {
			continue
		}
		if _, rest, ok := bytes.Cut(line, []byte(`"addresses":["`)); ok {
			ip, _, _ := bytes.Cut(rest, []byte(`"`))
			read(string(ip), at)
		}
	}
}

// watch is a bare watcher in a process of its own: "ADDRESS UNIX_NANOSECONDS" a line, until it is stopped.
func watch() {
	bareWatch(func(ip string, at time.Time) { fmt.Println(ip, at.UnixNano()) })
}

// secondWatcher starts one; what it returns stops it and gives how much later than the first one it has read each address.
func secondWatcher(seen *sync.Map) func() []float64 {
	child := exec.Command(os.Args[0], "-cmd", "watch", "-api", *api, "-token", *token)
	child.Stderr = os.Stderr
	out, err := child.StdoutPipe()
	if err == nil {
		err = child.Start()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "the second watcher does not start:", err)
		os.Exit(1)
	}
	var lag []float64
	done := make(chan struct{})
	go func() {
		defer close(done)
		reads := map[string]int64{}
		for lines := bufio.NewScanner(out); lines.Scan(); {
			var ip string
			var at int64
			if n, _ := fmt.Sscan(lines.Text(), &ip, &at); n == 2 && reads[ip] == 0 {
				reads[ip] = at
			}
		}
		for ip, at := range reads {
			if read, there := seen.Load(ip); there {
				lag = append(lag, float64(at-read.(time.Time).UnixNano())/1e6)
			}
		}
	}()
	return func() []float64 {
		child.Process.Kill()
		<-done
		child.Wait()
		return lag
	}
}

// answer measures from the moment at which a bare watcher of this process has read an event to the first answer that
// shows it; negative when the server was faster than the watcher.
func answer() {
	call("POST", "/api/v1/namespaces/perf/services", "", service("lat-head", "perf", "None"))
	call("POST", "/apis/discovery.k8s.io/v1/namespaces/perf/endpointslices", "", slice("lat-head-x", "perf", "lat-head", []string{"10.99.99.99"}))
	var seen sync.Map
	go bareWatch(func(ip string, at time.Time) { seen.LoadOrStore(ip, at) })
	second := secondWatcher(&seen)
	time.Sleep(500 * time.Millisecond)
	var done int64
	stop := make(chan struct{})
	begin := time.Now()
	wg := background(stop, &done)
	p := newProber()
	var lag []float64
	missed := 0
	tag := time.Now().Unix() % 100
	for i := 0; i < *n; i++ {
		ip := fmt.Sprintf("10.%d.%d.%d", 120+tag, i/250, i%250+1)
		go patchSlice("/apis/discovery.k8s.io/v1/namespaces/perf/endpointslices/lat-head-x", []string{ip})
		at, ok := p.until("lat-head.perf.svc.cluster.local", 10*time.Second, has(ip))
		for k := 0; k < 2000; k++ { // the watcher may be later
			if _, there := seen.Load(ip); there {
				break
			}
			time.Sleep(time.Millisecond)
		}
		if read, there := seen.Load(ip); ok && there {
			lag = append(lag, float64(at.Sub(read.(time.Time)).Microseconds())/1000)
		} else {
			missed++
		}
		time.Sleep(5 * time.Millisecond)
	}
	seconds := time.Since(begin).Seconds()
	close(stop)
	wg.Wait()
	json.NewEncoder(os.Stdout).Encode(obj{"answer_after_read_ms": stats(lag), "second_watcher_after_read_ms": stats(second()), "missed": missed, "updates_per_s": float64(done) / seconds})
}

// storm patches endpoint slices at a fixed rate; every 25th change is on a probed service, whose lag is measured.
func storm() {
	call("POST", "/api/v1/namespaces/perf/services", "", service("lat-head", "perf", "None"))
	call("POST", "/apis/discovery.k8s.io/v1/namespaces/perf/endpointslices", "", slice("lat-head-x", "perf", "lat-head", []string{"10.99.99.99"}))
	p := newProber()
	var done, failed int64
	jobs := make(chan int, 100000)
	for w := 0; w < 16; w++ {
		go func() {
			for i := range jobs {
				s := i % *to
				var e []obj
				for k := 0; k < *eps; k++ {
					e = append(e, obj{"addresses": []string{fmt.Sprintf("10.%d.%d.%d", 128+i%64, i/250%250, k+1)}, "conditions": obj{"ready": true}})
				}
				code, _ := call("PATCH", "/apis/discovery.k8s.io/v1/namespaces/"+ns(s)+"/endpointslices/"+svc(s)+"-x", "application/merge-patch+json", obj{"endpoints": e})
				if code == 200 {
					atomic.AddInt64(&done, 1)
				} else {
					atomic.AddInt64(&failed, 1)
				}
			}
		}()
	}
	t0 := time.Now()
	stop := make(chan struct{})
	go func() {
		defer close(stop)
		for i := 0; time.Since(t0).Seconds() < *secs; {
			due := int(time.Since(t0).Seconds() * *rate)
			for ; i < due; i++ {
				jobs <- i * 7919
			}
			time.Sleep(time.Millisecond)
		}
	}()
	var lag []float64
	missed := 0
	for i := 0; ; i++ {
		select {
		case <-stop:
			el := time.Since(t0).Seconds()
			json.NewEncoder(os.Stdout).Encode(obj{"patched": atomic.LoadInt64(&done), "failed": atomic.LoadInt64(&failed), "seconds": el,
				"patched_per_s": float64(atomic.LoadInt64(&done)) / el, "lag_after_response_ms": stats(lag), "missed": missed})
			return
		default:
		}
		ip := fmt.Sprintf("10.%d.%d.%d", 200+t0.Unix()%50, i/250, i%250+1)
		must(call("PATCH", "/apis/discovery.k8s.io/v1/namespaces/perf/endpointslices/lat-head-x", "application/merge-patch+json",
			obj{"endpoints": []obj{{"addresses": []string{ip}, "conditions": obj{"ready": true}}}}))
		d := time.Now()
		at, ok := p.until("lat-head.perf.svc.cluster.local", 5*time.Second, has(ip))
		if ok {
			lag = append(lag, float64(at.Sub(d).Microseconds())/1000)
		} else {
			missed++
		}
		time.Sleep(40 * time.Millisecond)
	}
}

func main() {
	flag.Parse()
	if *cmd != "lists" && (*api == "" || *token == "") {
		fmt.Fprintln(os.Stderr, "-api and -token are needed: name a cluster that is yours")
		os.Exit(2)
	}
	switch *cmd {
	case "load":
		load()
	case "lists":
		lists()
	case "latency":
		latency()
	case "storm":
		storm()
	case "answer":
		answer()
	case "watch":
		watch()
	}
}
