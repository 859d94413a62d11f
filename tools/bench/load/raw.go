package main

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// rawConnection sends one prepared HTTP/1.1 request again and again. The general client costs more
// processor time a request than a fast server does, which on a shared machine would be measured too.
type rawConnection struct {
	address string
	secure  bool
	request []byte
	// The body each answer must have; nil is not compared, as for HEAD.
	wanted   []byte
	headOnly bool
	wire     net.Conn
	reader   *bufio.Reader
	body     []byte
}

func (r *registry) dialRaw(method, repository, path string, wanted []byte) (*rawConnection, error) {
	header, err := r.authorization(repository)
	if err != nil {
		return nil, err
	}
	var text strings.Builder
	fmt.Fprintf(&text, "%s %s HTTP/1.1\r\nHost: %s\r\nAccept: %s\r\n", method, path, r.base.Host, manifestType)
	if header != "" {
		fmt.Fprintf(&text, "Authorization: %s\r\n", header)
	}
	text.WriteString("\r\n")
	c := &rawConnection{address: r.base.Host, secure: r.base.Scheme == "https",
		request: []byte(text.String()), wanted: wanted, headOnly: method == http.MethodHead}
	if r.base.Port() == "" {
		c.address = net.JoinHostPort(r.base.Host, map[bool]string{true: "443", false: "80"}[c.secure])
	}
	return c, c.redial()
}

func (c *rawConnection) redial() error {
	if c.wire != nil {
		c.wire.Close()
	}
	wire, err := net.DialTimeout("tcp", c.address, 10*time.Second)
	if err != nil {
		return err
	}
	if c.secure {
		host, _, _ := net.SplitHostPort(c.address)
		wire = tls.Client(wire, &tls.Config{ServerName: host, NextProtos: []string{"http/1.1"}})
	}
	c.wire, c.reader = wire, bufio.NewReaderSize(wire, 8<<10)
	return nil
}

// once sends the request and reads the whole answer, which must be 200 with a length.
func (c *rawConnection) once() error {
	if err := c.wire.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		return err
	}
	if _, err := c.wire.Write(c.request); err != nil {
		return err
	}
	length, err := c.readHead()
	if err != nil || c.headOnly {
		return err
	}
	if cap(c.body) < length {
		c.body = make([]byte, length)
	}
	c.body = c.body[:length]
	if _, err := io.ReadFull(c.reader, c.body); err != nil {
		return err
	}
	if c.wanted != nil && !bytes.Equal(c.body, c.wanted) {
		return fmt.Errorf("an answer of %d bytes is not what was pushed", length)
	}
	return nil
}

var lengthName = []byte("content-length:")

func (c *rawConnection) readHead() (int, error) {
	status, err := c.reader.ReadSlice('\n')
	if err != nil {
		return 0, err
	}
	if !bytes.HasPrefix(status, []byte("HTTP/1.1 200")) {
		return 0, fmt.Errorf("answered %q", bytes.TrimSpace(status))
	}
	length := -1
	for {
		line, err := c.reader.ReadSlice('\n')
		if err != nil {
			return 0, err
		}
		if len(line) <= 2 {
			break
		}
		if len(line) > len(lengthName) && bytes.EqualFold(line[:len(lengthName)], lengthName) {
			if length, err = strconv.Atoi(string(bytes.TrimSpace(line[len(lengthName):]))); err != nil {
				return 0, err
			}
		}
	}
	if length < 0 {
		return 0, fmt.Errorf("an answer states no length")
	}
	return length, nil
}
