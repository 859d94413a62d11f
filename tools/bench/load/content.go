package main

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"math/rand"
)

const (
	manifestType = "application/vnd.oci.image.manifest.v1+json"
	configType   = "application/vnd.oci.image.config.v1+json"
	layerType    = "application/vnd.oci.image.layer.v1.tar"
)

const blockSize = 1 << 20

// blob is content that follows from a label alone: the same label gives the same bytes in another
// process, and another label gives bytes that no registry has seen.
type blob struct {
	digest string
	size   int64
	block  []byte
}

func newBlob(label string, size int64) *blob {
	seed := sha256.Sum256([]byte(label))
	source := rand.New(rand.NewSource(int64(binary.BigEndian.Uint64(seed[:8]))))
	b := &blob{size: size, block: make([]byte, min(size, blockSize))}
	source.Read(b.block)
	sum := sha256.New()
	io.Copy(sum, b.reader())
	b.digest = "sha256:" + hex.EncodeToString(sum.Sum(nil))
	return b
}

func (b *blob) reader() io.Reader { return &blobReader{blob: b} }

// bytes is for small blobs only.
func (b *blob) bytes() []byte {
	all, _ := io.ReadAll(b.reader())
	return all
}

type blobReader struct {
	blob *blob
	at   int64
}

// Read gives one block again and again; the first eight bytes of each are its number.
func (r *blobReader) Read(p []byte) (int, error) {
	left := r.blob.size - r.at
	if left <= 0 {
		return 0, io.EOF
	}
	offset := r.at % blockSize
	n := copy(p[:min(int64(len(p)), left)], r.blob.block[offset:])
	if r.at >= blockSize && offset < 8 {
		var number [8]byte
		binary.BigEndian.PutUint64(number[:], uint64(r.at/blockSize))
		copy(p[:n], number[offset:])
	}
	r.at += int64(n)
	return n, nil
}

// image is a manifest with its config and layers.
type image struct {
	tag      string
	manifest []byte
	// The config first, then the layers.
	blobs []*blob
}

type descriptor struct {
	MediaType string `json:"mediaType"`
	Digest    string `json:"digest"`
	Size      int64  `json:"size"`
}

func newImage(label, tag string, layers int, layerSize int64) (*image, error) {
	config := &blob{}
	text, err := json.Marshal(map[string]any{
		"architecture": "amd64", "os": "linux", "author": label,
		"rootfs": map[string]any{"type": "layers", "diff_ids": []string{}},
	})
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(text)
	config.digest, config.size, config.block = "sha256:"+hex.EncodeToString(sum[:]), int64(len(text)), text
	img := &image{tag: tag, blobs: []*blob{config}}
	described := []descriptor{}
	for i := 0; i < layers; i++ {
		layer := newBlob(fmt.Sprintf("%s/layer%d", label, i), layerSize)
		img.blobs = append(img.blobs, layer)
		described = append(described, descriptor{layerType, layer.digest, layer.size})
	}
	img.manifest, err = json.Marshal(map[string]any{
		"schemaVersion": 2, "mediaType": manifestType,
		"config": descriptor{configType, config.digest, config.size},
		"layers": described,
	})
	return img, err
}
