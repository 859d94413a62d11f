package main

import (
	"fmt"
	"net/http"
	"time"
)

// plan is the shape of one run. Zero values are filled in from the scenario's defaults.
type plan struct {
	prefix, id, scenario string
	size                 int64
	count, clients       int
	span                 time.Duration
}

// scenario prepares what it needs untimed and returns the timed part.
type scenario struct {
	defaults plan
	// What one operation is called, and whether the rate is counted in MiB instead.
	unit  string
	bytes bool
	about string
	setUp func(*registry, plan) (func() tally, error)
}

const smallSize = 4 << 10

var scenarios = map[string]scenario{
	"push-large": {plan{size: 1 << 30, count: 1, clients: 1}, "MiB", true,
		"one large blob, streamed up", setUpPushBlobs},
	"pull-large": {plan{size: 1 << 30, count: 1, clients: 1}, "MiB", true,
		"the same blob down", setUpPullBlobs},
	"push-parallel": {plan{size: 16 << 20, count: 64, clients: 64}, "MiB", true,
		"many blobs up at once", setUpPushBlobs},
	"pull-parallel": {plan{size: 16 << 20, count: 64, clients: 64}, "MiB", true,
		"the same blobs down at once", setUpPullBlobs},
	"push-small": {plan{size: smallSize, count: 640, clients: 32}, "image", false,
		"images of five small layers, HEAD, POST and PUT each", setUpPushImages},
	"pull-small": {plan{size: smallSize, count: 640, clients: 32}, "image", false,
		"the same images down", setUpPullImages},
	"manifest-get": {plan{clients: 64, span: 10 * time.Second}, "request", false,
		"one manifest by its tag", setUpRate},
	"blob-head": {plan{clients: 64, span: 10 * time.Second}, "request", false,
		"whether a blob is there", setUpRate},
	"blob-get": {plan{clients: 64, span: 10 * time.Second}, "request", false,
		"one blob of 4 KiB", setUpRate},
	"tags": {plan{count: 2000, clients: 16}, "tag", false,
		"tags put on one manifest", setUpPutTags},
	"tag-list": {plan{count: 2000, clients: 1}, "tag", false,
		"the list of those tags, all pages", setUpListTags},
}

// scenarioOrder is the order of `load scenarios`; pulls follow the pushes whose content they use.
var scenarioOrder = []string{"push-large", "pull-large", "push-parallel", "pull-parallel", "push-small",
	"pull-small", "manifest-get", "blob-head", "blob-get", "tags", "tag-list"}

func (p plan) repository(kind string) string { return p.prefix + "/" + p.id + "-" + kind }

// blobs gives the content of a large or parallel scenario: the same for its push and its pull.
func (p plan) blobs() []*blob {
	made := make([]*blob, p.count)
	shareOut(4, p.count, func(_, i int) error {
		made[i] = newBlob(fmt.Sprintf("%s/%d/%d", p.id, p.size, i), p.size)
		return nil
	})
	return made
}

func firstFailure(t tally) error {
	if t.failed > 0 {
		return fmt.Errorf("preparation: %s", t.firstError)
	}
	return nil
}

func setUpPushBlobs(r *registry, p plan) (func() tally, error) {
	repository, blobs := p.repository("blobs"), p.blobs()
	for _, b := range blobs {
		if there, err := r.hasBlob(repository, b.digest); err != nil {
			return nil, err
		} else if there {
			return nil, fmt.Errorf("%s is there already; give another -id", b.digest)
		}
	}
	return func() tally {
		return shareOut(p.clients, p.count, func(_, i int) error { return r.pushBlob(repository, blobs[i], true) })
	}, nil
}

func setUpPullBlobs(r *registry, p plan) (func() tally, error) {
	repository, blobs := p.repository("blobs"), p.blobs()
	pushed := shareOut(4, p.count, func(_, i int) error {
		if there, err := r.hasBlob(repository, blobs[i].digest); err != nil || there {
			return err
		}
		return r.pushBlob(repository, blobs[i], true)
	})
	return func() tally {
		return shareOut(p.clients, p.count, func(_, i int) error {
			return r.pullBlob(repository, blobs[i].digest, blobs[i].size)
		})
	}, firstFailure(pushed)
}

// images gives the small images and the repository of each: one for every client.
func (p plan) images() ([]*image, []string, error) {
	images, repositories := make([]*image, p.count), make([]string, p.count)
	for i := range images {
		label := fmt.Sprintf("%s/image%d", p.id, i)
		img, err := newImage(label, fmt.Sprintf("v%d", i), 5, p.size)
		if err != nil {
			return nil, nil, err
		}
		images[i], repositories[i] = img, p.repository(fmt.Sprintf("small%d", i%p.clients))
	}
	return images, repositories, nil
}

func setUpPushImages(r *registry, p plan) (func() tally, error) {
	images, repositories, err := p.images()
	if err != nil {
		return nil, err
	}
	// The login is not part of the rate.
	for _, repository := range repositories {
		if _, err := r.authorization(repository); err != nil {
			return nil, err
		}
	}
	if there, err := r.hasBlob(repositories[0], images[0].blobs[0].digest); err != nil {
		return nil, err
	} else if there {
		return nil, fmt.Errorf("the images of %s are there already; give another -id", p.id)
	}
	return func() tally { return p.perClient(func(i int) error { return r.pushImage(repositories[i], images[i]) }) }, nil
}

func setUpPullImages(r *registry, p plan) (func() tally, error) {
	images, repositories, err := p.images()
	if err != nil {
		return nil, err
	}
	pushed := p.perClient(func(i int) error { return r.pushImage(repositories[i], images[i]) })
	return func() tally {
		return p.perClient(func(i int) error { return r.pullImage(repositories[i], images[i]) })
	}, firstFailure(pushed)
}

// perClient gives client c the numbers c, c+clients, ...: each client stays in its own repository.
func (p plan) perClient(work func(number int) error) tally {
	members := make([]member, p.clients)
	begin := time.Now()
	shareOut(p.clients, p.clients, func(_, c int) error {
		for i := c; i < p.count; i += p.clients {
			started := time.Now()
			members[c].note(started, work(i))
		}
		return nil
	})
	return gather(members, time.Since(begin).Seconds())
}

func setUpRate(r *registry, p plan) (func() tally, error) {
	repository := p.repository("rate")
	img, err := newImage(p.id+"/rate", "latest", 1, smallSize)
	if err != nil {
		return nil, err
	}
	if err := r.pushImage(repository, img); err != nil {
		return nil, err
	}
	layer := img.blobs[1]
	method, path, wanted := http.MethodGet, blobPath(repository, layer.digest), layer.bytes()
	switch p.scenario {
	case "manifest-get":
		path, wanted = "/v2/"+repository+"/manifests/"+img.tag, img.manifest
	case "blob-head":
		method = http.MethodHead
	}
	if !r.verify {
		wanted = nil
	}
	connections := make([]*rawConnection, p.clients)
	for i := range connections {
		if connections[i], err = r.dialRaw(method, repository, path, wanted); err != nil {
			return nil, err
		}
		if err := connections[i].once(); err != nil {
			return nil, err
		}
	}
	return func() tally { return repeat(connections, p.span) }, nil
}

func tagName(i int) string { return fmt.Sprintf("t%06d", i) }

// tagged pushes the image that the tags stand for and returns how to put one of them.
func tagged(r *registry, p plan) (string, func(int) error, error) {
	repository := p.repository("tags")
	img, err := newImage(p.id+"/tags", tagName(0), 1, smallSize)
	if err != nil {
		return "", nil, err
	}
	put := func(i int) error { return r.putManifest(repository, tagName(i), img.manifest) }
	return repository, put, r.pushImage(repository, img)
}

func setUpPutTags(r *registry, p plan) (func() tally, error) {
	_, put, err := tagged(r, p)
	return func() tally {
		return shareOut(p.clients, p.count, func(_, i int) error { return put(i) })
	}, err
}

func setUpListTags(r *registry, p plan) (func() tally, error) {
	repository, put, err := tagged(r, p)
	if err != nil {
		return nil, err
	}
	there, err := r.listTags(repository)
	if err != nil {
		return nil, err
	}
	if len(there) != p.count {
		if err := firstFailure(shareOut(16, p.count, func(_, i int) error { return put(i) })); err != nil {
			return nil, err
		}
	}
	return func() tally {
		listed := shareOut(1, 1, func(_, _ int) error { return checkTags(r, repository, p.count) })
		listed.done *= p.count
		return listed
	}, nil
}

func checkTags(r *registry, repository string, count int) error {
	tags, err := r.listTags(repository)
	if err != nil {
		return err
	}
	listed := map[string]bool{}
	for _, tag := range tags {
		listed[tag] = true
	}
	for i := 0; i < count; i++ {
		if !listed[tagName(i)] {
			return fmt.Errorf("tag %s is missing from the list", tagName(i))
		}
	}
	if len(tags) != count {
		return fmt.Errorf("the list has %d tags, not %d", len(tags), count)
	}
	return nil
}
