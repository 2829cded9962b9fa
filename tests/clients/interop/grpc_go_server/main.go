// A server of grpc-go for interop.proto, with messages made from a descriptor set: no generated code.
//
// The port is the first line on stdout; at end of file on stdin the server stops.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	_ "google.golang.org/grpc/encoding/gzip"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/reflection"
	v1 "google.golang.org/grpc/reflection/grpc_reflection_v1"
	v1alpha "google.golang.org/grpc/reflection/grpc_reflection_v1alpha"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"
)

const largest = 64 << 20

var (
	listen   = flag.String("listen", "127.0.0.1:0", "address")
	protoset = flag.String("protoset", "", "a FileDescriptorSet")
	cert     = flag.String("cert", "", "certificate; with -key")
	key      = flag.String("key", "", "its key")
	age      = flag.Duration("max-connection-age", 0, "a GOAWAY after so long")
	versions = flag.String("reflection", "both", "v1, v1alpha or both")
)

func main() {
	flag.Parse()
	files := descriptors()
	service, err := files.FindDescriptorByName("interop.Interop")
	check(err)
	options := []grpc.ServerOption{grpc.MaxRecvMsgSize(largest), grpc.MaxSendMsgSize(largest)}
	if *cert != "" {
		pair, err := credentials.NewServerTLSFromFile(*cert, *key)
		check(err)
		options = append(options, grpc.Creds(pair))
	}
	if *age > 0 {
		options = append(options, grpc.KeepaliveParams(keepalive.ServerParameters{MaxConnectionAge: *age}))
	}
	server := grpc.NewServer(options...)
	server.RegisterService(described(service.(protoreflect.ServiceDescriptor)), nil)
	reflected(server, files)
	listener, err := net.Listen("tcp", *listen)
	check(err)
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		server.Stop()
	}()
	check(server.Serve(listener))
}

func descriptors() *protoregistry.Files {
	raw, err := os.ReadFile(*protoset)
	check(err)
	set := &descriptorpb.FileDescriptorSet{}
	check(proto.Unmarshal(raw, set))
	files, err := protodesc.NewFiles(set)
	check(err)
	return files
}

func reflected(server *grpc.Server, files *protoregistry.Files) {
	options := reflection.ServerOptions{Services: server, DescriptorResolver: files}
	if *versions != "v1alpha" {
		v1.RegisterServerReflectionServer(server, reflection.NewServerV1(options))
	}
	if *versions != "v1" {
		v1alpha.RegisterServerReflectionServer(server, reflection.NewServer(options))
	}
}

// described makes a stream handler of every method: for the wire a unary call is a stream of one message each way.
func described(service protoreflect.ServiceDescriptor) *grpc.ServiceDesc {
	found := &grpc.ServiceDesc{ServiceName: string(service.FullName()), HandlerType: (*any)(nil)}
	for i := range service.Methods().Len() {
		method := service.Methods().Get(i)
		found.Streams = append(found.Streams, grpc.StreamDesc{
			StreamName:    string(method.Name()),
			ServerStreams: true,
			ClientStreams: true,
			Handler: func(_ any, stream grpc.ServerStream) error {
				return answer(call{method, stream})
			},
		})
	}
	return found
}

type call struct {
	method protoreflect.MethodDescriptor
	stream grpc.ServerStream
}

func answer(c call) error {
	if err := c.stream.SetHeader(metadata.Pairs("x-pod-name", "grpc-go", "x-raw-bin", "\x00\xff")); err != nil {
		return err // the client has given the call up before we came to it
	}
	c.stream.SetTrailer(metadata.Pairs("x-till", "3"))
	texts, number := "", 0
	for ; ; number++ {
		question := dynamicpb.NewMessage(c.method.Input())
		if err := c.stream.RecvMsg(question); err == io.EOF {
			break
		} else if err != nil {
			return err
		}
		time.Sleep(time.Duration(integer(question, "delay_ms")) * time.Millisecond)
		texts += text(question)
		if !c.method.IsStreamingClient() || c.method.IsStreamingServer() {
			if err := c.tell(question, number); err != nil {
				return err
			}
		}
	}
	if c.method.IsStreamingClient() && !c.method.IsStreamingServer() {
		return c.send(texts, 0, number)
	}
	return nil
}

// tell answers one question, as often as it wants.
func (c call) tell(question *dynamicpb.Message, number int) error {
	code := codes.Code(integer(question, "code"))
	count := 1
	if c.method.IsStreamingServer() && !c.method.IsStreamingClient() {
		count = integer(question, "count")
	} else if code != codes.OK {
		count = 0
	}
	for each := range count {
		if err := c.send(text(question), integer(question, "size"), number+each); err != nil {
			return err
		}
	}
	if code == codes.OK {
		return nil
	}
	refusal, err := status.New(code, "as asked: ø").WithDetails(&errdetails.ErrorInfo{Reason: "ASKED", Domain: "interop.test"})
	check(err)
	return refusal.Err()
}

func (c call) send(text string, size, number int) error {
	message := dynamicpb.NewMessage(c.method.Output())
	set := func(name protoreflect.Name, value protoreflect.Value) {
		message.Set(c.method.Output().Fields().ByName(name), value)
	}
	set("text", protoreflect.ValueOfString(text))
	set("payload", protoreflect.ValueOfBytes(make([]byte, size)))
	set("number", protoreflect.ValueOfInt32(int32(number)))
	set("encoding", protoreflect.ValueOfString(encoding(c.stream.Context())))
	return c.stream.SendMsg(message)
}

func encoding(ctx context.Context) string {
	found, _ := metadata.FromIncomingContext(ctx)
	if values := found.Get("grpc-encoding"); len(values) > 0 {
		return values[0]
	}
	return ""
}

func text(question *dynamicpb.Message) string {
	return question.Get(question.Descriptor().Fields().ByName("text")).String()
}

func integer(question *dynamicpb.Message, name protoreflect.Name) int {
	return int(question.Get(question.Descriptor().Fields().ByName(name)).Int())
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
