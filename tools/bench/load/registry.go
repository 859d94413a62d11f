package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"time"
)

// registry is one server under test, with a token for each repository that was used.
type registry struct {
	base   *url.URL
	login  *url.Userinfo
	client *http.Client
	verify bool

	mu     sync.Mutex
	tokens map[string]string
}

func newRegistry(address string, connections int, verify bool) (*registry, error) {
	base, err := url.Parse(address)
	if err != nil {
		return nil, err
	}
	if base.Host == "" {
		return nil, fmt.Errorf("%q is not a URL with a host", address)
	}
	r := &registry{login: base.User, verify: verify, tokens: map[string]string{}}
	r.base = &url.URL{Scheme: base.Scheme, Host: base.Host, Path: "/"}
	r.client = &http.Client{
		Timeout: 10 * time.Minute,
		Transport: &http.Transport{
			MaxIdleConnsPerHost: connections,
			MaxIdleConns:        connections,
			DisableCompression:  true,
			ReadBufferSize:      128 << 10,
			WriteBufferSize:     128 << 10,
		},
	}
	return r, nil
}

var challengePart = regexp.MustCompile(`([a-z]+)="([^"]*)"`)

// authorization gives the header for a repository: empty where the server asks for no login.
// It is fetched once for each repository.
func (r *registry) authorization(repository string) (string, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if known, found := r.tokens[repository]; found {
		return known, nil
	}
	header, err := r.logIn(repository)
	if err == nil {
		r.tokens[repository] = header
	}
	return header, err
}

func (r *registry) logIn(repository string) (string, error) {
	answer, err := r.client.Get(r.base.JoinPath("v2/").String())
	if err != nil {
		return "", err
	}
	finish(answer)
	if answer.StatusCode == http.StatusOK {
		return "", nil
	}
	challenge := answer.Header.Get("WWW-Authenticate")
	if answer.StatusCode != http.StatusUnauthorized || challenge == "" {
		return "", fmt.Errorf("GET /v2/ answered %s", answer.Status)
	}
	request, _ := http.NewRequest(http.MethodGet, r.base.String(), nil)
	if r.login != nil {
		password, _ := r.login.Password()
		request.SetBasicAuth(r.login.Username(), password)
	}
	if !strings.HasPrefix(strings.ToLower(challenge), "bearer ") {
		return request.Header.Get("Authorization"), nil
	}
	parts := map[string]string{}
	for _, match := range challengePart.FindAllStringSubmatch(challenge, -1) {
		parts[match[1]] = match[2]
	}
	if request.URL, err = url.Parse(parts["realm"]); err != nil {
		return "", err
	}
	request.Host = ""
	query := request.URL.Query()
	query.Set("service", parts["service"])
	query.Set("scope", "repository:"+repository+":pull,push")
	request.URL.RawQuery = query.Encode()
	return r.fetchToken(request)
}

func (r *registry) fetchToken(request *http.Request) (string, error) {
	answer, err := r.client.Do(request)
	if err != nil {
		return "", err
	}
	defer finish(answer)
	if answer.StatusCode != http.StatusOK {
		return "", fmt.Errorf("the token request answered %s", answer.Status)
	}
	var body struct {
		Token       string `json:"token"`
		AccessToken string `json:"access_token"`
	}
	if err := json.NewDecoder(answer.Body).Decode(&body); err != nil {
		return "", err
	}
	if body.Token == "" {
		body.Token = body.AccessToken
	}
	if body.Token == "" {
		return "", fmt.Errorf("the token answer holds no token")
	}
	return "Bearer " + body.Token, nil
}

// finish reads what is left, so that the connection can serve again.
func finish(answer *http.Response) {
	io.Copy(io.Discard, answer.Body)
	answer.Body.Close()
}

// call is one request; the caller finishes the answer. Another status than `want` is an error.
type call struct {
	method, repository, address string
	body                        io.Reader
	size                        int64
	mediaType                   string
	want                        []int
}

func (r *registry) do(c call) (*http.Response, error) {
	target, err := r.base.Parse(c.address)
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequest(c.method, target.String(), c.body)
	if err != nil {
		return nil, err
	}
	if c.body != nil {
		request.ContentLength = c.size
		if c.mediaType != "" {
			request.Header.Set("Content-Type", c.mediaType)
		}
	}
	request.Header.Set("Accept", manifestType)
	header, err := r.authorization(c.repository)
	if err != nil {
		return nil, err
	}
	if header != "" {
		request.Header.Set("Authorization", header)
	}
	answer, err := r.client.Do(request)
	if err != nil {
		return nil, err
	}
	for _, status := range c.want {
		if answer.StatusCode == status {
			return answer, nil
		}
	}
	start, _ := io.ReadAll(io.LimitReader(answer.Body, 200))
	finish(answer)
	return nil, fmt.Errorf("%s %s answered %s: %q", c.method, target.Path, answer.Status, start)
}

func blobPath(repository, digest string) string { return "/v2/" + repository + "/blobs/" + digest }

func (r *registry) hasBlob(repository, digest string) (bool, error) {
	answer, err := r.do(call{method: http.MethodHead, repository: repository,
		address: blobPath(repository, digest), want: []int{200, 404}})
	if err != nil {
		return false, err
	}
	finish(answer)
	return answer.StatusCode == http.StatusOK, nil
}

func (r *registry) startUpload(repository string) (string, error) {
	answer, err := r.do(call{method: http.MethodPost, repository: repository,
		address: "/v2/" + repository + "/blobs/uploads/", want: []int{202}})
	if err != nil {
		return "", err
	}
	finish(answer)
	return answer.Header.Get("Location"), nil
}

// pushBlob uploads by POST, PATCH when `streamed`, and PUT.
func (r *registry) pushBlob(repository string, b *blob, streamed bool) error {
	location, err := r.startUpload(repository)
	if err != nil {
		return err
	}
	var body io.Reader = b.reader()
	size := b.size
	if streamed {
		answer, err := r.do(call{method: http.MethodPatch, repository: repository, address: location,
			body: body, size: size, mediaType: "application/octet-stream", want: []int{202}})
		if err != nil {
			return err
		}
		finish(answer)
		location, body, size = answer.Header.Get("Location"), nil, 0
	}
	target, err := url.Parse(location)
	if err != nil {
		return err
	}
	query := target.Query()
	query.Set("digest", b.digest)
	target.RawQuery = query.Encode()
	answer, err := r.do(call{method: http.MethodPut, repository: repository, address: target.String(),
		body: body, size: size, mediaType: "application/octet-stream", want: []int{201}})
	if err != nil {
		return err
	}
	finish(answer)
	return nil
}

func (r *registry) pullBlob(repository, digest string, size int64) error {
	answer, err := r.do(call{method: http.MethodGet, repository: repository,
		address: blobPath(repository, digest), want: []int{200}})
	if err != nil {
		return err
	}
	defer finish(answer)
	sum := sha256.New()
	var sink io.Writer = io.Discard
	if r.verify {
		sink = sum
	}
	n, err := io.CopyBuffer(struct{ io.Writer }{sink}, answer.Body, make([]byte, min(size+1, 256<<10)))
	if err != nil {
		return err
	}
	if n != size {
		return fmt.Errorf("%s has %d bytes, not %d", digest, n, size)
	}
	if got := "sha256:" + hex.EncodeToString(sum.Sum(nil)); r.verify && got != digest {
		return fmt.Errorf("%s arrived as %s", digest, got)
	}
	return nil
}

func (r *registry) putManifest(repository, tag string, manifest []byte) error {
	answer, err := r.do(call{method: http.MethodPut, repository: repository,
		address: "/v2/" + repository + "/manifests/" + tag, body: bytes.NewReader(manifest),
		size: int64(len(manifest)), mediaType: manifestType, want: []int{201}})
	if err != nil {
		return err
	}
	finish(answer)
	return nil
}

func (r *registry) pullManifest(repository string, img *image) error {
	answer, err := r.do(call{method: http.MethodGet, repository: repository,
		address: "/v2/" + repository + "/manifests/" + img.tag, want: []int{200}})
	if err != nil {
		return err
	}
	defer finish(answer)
	got, err := io.ReadAll(answer.Body)
	if err == nil && !bytes.Equal(got, img.manifest) {
		err = fmt.Errorf("manifest %s is not the one that was pushed", img.tag)
	}
	return err
}

// pushImage asks for each blob, uploads it when it is missing, and puts the manifest.
func (r *registry) pushImage(repository string, img *image) error {
	for _, b := range img.blobs {
		there, err := r.hasBlob(repository, b.digest)
		if err != nil {
			return err
		}
		if there {
			continue
		}
		if err := r.pushBlob(repository, b, false); err != nil {
			return err
		}
	}
	return r.putManifest(repository, img.tag, img.manifest)
}

func (r *registry) pullImage(repository string, img *image) error {
	if err := r.pullManifest(repository, img); err != nil {
		return err
	}
	for _, b := range img.blobs {
		if err := r.pullBlob(repository, b.digest, b.size); err != nil {
			return err
		}
	}
	return nil
}

// listTags follows the pages of the list and returns every tag.
func (r *registry) listTags(repository string) ([]string, error) {
	tags := []string{}
	next := "/v2/" + repository + "/tags/list"
	for next != "" {
		answer, err := r.do(call{method: http.MethodGet, repository: repository, address: next, want: []int{200}})
		if err != nil {
			return nil, err
		}
		var page struct {
			Tags []string `json:"tags"`
		}
		err = json.NewDecoder(answer.Body).Decode(&page)
		finish(answer)
		if err != nil {
			return nil, err
		}
		tags = append(tags, page.Tags...)
		link, _, found := strings.Cut(strings.TrimPrefix(answer.Header.Get("Link"), "<"), ">")
		if next = ""; found {
			next = link
		}
	}
	return tags, nil
}
