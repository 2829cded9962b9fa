import com.google.protobuf.Any;
import com.google.protobuf.ByteString;
import com.google.protobuf.DescriptorProtos.FileDescriptorProto;
import com.google.protobuf.DescriptorProtos.FileDescriptorSet;
import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.FileDescriptor;
import com.google.protobuf.Descriptors.MethodDescriptor;
import com.google.protobuf.DynamicMessage;
import com.google.rpc.ErrorInfo;
import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.ServerInterceptors;
import io.grpc.ServerServiceDefinition;
import io.grpc.ServiceDescriptor;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.protobuf.ProtoFileDescriptorSupplier;
import io.grpc.protobuf.ProtoUtils;
import io.grpc.protobuf.StatusProto;
import io.grpc.protobuf.services.ProtoReflectionService;
import io.grpc.protobuf.services.ProtoReflectionServiceV1;
import io.grpc.stub.ServerCalls;
import io.grpc.stub.StreamObserver;
import java.io.FileInputStream;
import java.net.InetSocketAddress;
import java.util.concurrent.TimeUnit;

/**
 * A server of grpc-java for interop.proto, with messages made from a descriptor set: no generated code.
 *
 * <p>Arguments: host, descriptor set, and the greatest age of a connection in ms (0: none). The port is the first line
 * on stdout; at end of file on stdin the server stops.
 */
public final class InteropServer {
  private static final int LARGEST = 64 << 20;
  private static final Context.Key<String> ENCODING = Context.key("encoding");
  private static final Metadata.Key<String> SENT_ENCODING = text("grpc-encoding");

  public static void main(String[] arguments) throws Exception {
    FileDescriptor file = read(arguments[1]);
    long ageMs = Long.parseLong(arguments[2]);
    NettyServerBuilder builder =
        NettyServerBuilder.forAddress(new InetSocketAddress(arguments[0], 0))
            .maxInboundMessageSize(LARGEST)
            .addService(ServerInterceptors.intercept(service(file), new Around()))
            .addService(ProtoReflectionService.newInstance())
            .addService(ProtoReflectionServiceV1.newInstance());
    if (ageMs > 0) {
      builder.maxConnectionAge(ageMs, TimeUnit.MILLISECONDS);
    }
    io.grpc.Server server = builder.build().start();
    System.out.println(server.getPort());
    while (System.in.read() >= 0) {}
    server.shutdownNow().awaitTermination();
  }

  private static FileDescriptor read(String path) throws Exception {
    try (FileInputStream in = new FileInputStream(path)) {
      FileDescriptorProto only = FileDescriptorSet.parseFrom(in).getFile(0);
      return FileDescriptor.buildFrom(only, new FileDescriptor[0]);
    }
  }

  private static ServerServiceDefinition service(FileDescriptor file) {
    var found = file.findServiceByName("Interop");
    ServiceDescriptor.Builder named =
        ServiceDescriptor.newBuilder(found.getFullName()).setSchemaDescriptor((ProtoFileDescriptorSupplier) () -> file);
    var methods = found.getMethods().stream().map(each -> new Method(each)).toList();
    methods.forEach(each -> named.addMethod(each.described));
    ServerServiceDefinition.Builder service = ServerServiceDefinition.builder(named.build());
    methods.forEach(each -> service.addMethod(each.described, ServerCalls.asyncBidiStreamingCall(each::answer)));
    return service.build();
  }

  private static Metadata.Key<String> text(String name) {
    return Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER);
  }

  /** For the wire a unary call is a stream of one message each way, so all are handled as such. */
  private static final class Method {
    final MethodDescriptor method;
    final io.grpc.MethodDescriptor<DynamicMessage, DynamicMessage> described;

    Method(MethodDescriptor method) {
      this.method = method;
      described =
          io.grpc.MethodDescriptor.<DynamicMessage, DynamicMessage>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.BIDI_STREAMING)
              .setFullMethodName(method.getService().getFullName() + "/" + method.getName())
              .setRequestMarshaller(ProtoUtils.marshaller(DynamicMessage.getDefaultInstance(method.getInputType())))
              .setResponseMarshaller(ProtoUtils.marshaller(DynamicMessage.getDefaultInstance(method.getOutputType())))
              .build();
    }

    StreamObserver<DynamicMessage> answer(StreamObserver<DynamicMessage> client) {
      return new StreamObserver<>() {
        private final StringBuilder texts = new StringBuilder();
        private int number = 0;

        @Override
        public void onNext(DynamicMessage question) {
          try {
            Thread.sleep(integer(question, "delay_ms"));
            texts.append(get(question, "text"));
            if (!method.isClientStreaming() || method.isServerStreaming()) {
              tell(client, question, number);
            }
            number++;
          } catch (InterruptedException error) {
            Thread.currentThread().interrupt();
          }
        }

        @Override
        public void onError(Throwable error) {}

        @Override
        public void onCompleted() {
          if (method.isClientStreaming() && !method.isServerStreaming()) {
            client.onNext(made(texts.toString(), 0, number));
          }
          client.onCompleted();
        }
      };
    }

    /** Answers one question, as often as it wants. */
    private void tell(StreamObserver<DynamicMessage> client, DynamicMessage question, int number) {
      int code = integer(question, "code");
      int count = code == 0 ? 1 : 0;
      if (method.isServerStreaming() && !method.isClientStreaming()) {
        count = integer(question, "count");
      }
      for (int each = 0; each < count; each++) {
        client.onNext(made((String) get(question, "text"), integer(question, "size"), number + each));
      }
      if (code != 0) {
        throw refusal(code);
      }
    }

    private DynamicMessage made(String text, int size, int number) {
      Descriptor type = method.getOutputType();
      return DynamicMessage.newBuilder(type)
          .setField(type.findFieldByName("text"), text)
          .setField(type.findFieldByName("payload"), ByteString.copyFrom(new byte[size]))
          .setField(type.findFieldByName("number"), number)
          .setField(type.findFieldByName("encoding"), ENCODING.get())
          .build();
    }
  }

  private static StatusRuntimeException refusal(int code) {
    ErrorInfo reason = ErrorInfo.newBuilder().setReason("ASKED").setDomain("interop.test").build();
    return StatusProto.toStatusRuntimeException(
        com.google.rpc.Status.newBuilder()
            .setCode(code)
            .setMessage("as asked: \u00f8")
            .addDetails(Any.pack(reason))
            .build());
  }

  private static Object get(DynamicMessage message, String field) {
    return message.getField(message.getDescriptorForType().findFieldByName(field));
  }

  private static int integer(DynamicMessage message, String field) {
    return (Integer) get(message, field);
  }

  /** Metadata of ours around each call, compression as the client has it, and refusals as statuses. */
  private static final class Around implements ServerInterceptor {
    @Override
    public <Q, A> ServerCall.Listener<Q> interceptCall(
        ServerCall<Q, A> call, Metadata sent, ServerCallHandler<Q, A> next) {
      String encoding = sent.containsKey(SENT_ENCODING) ? sent.get(SENT_ENCODING) : "";
      if (encoding.equals("gzip")) {
        call.setCompression("gzip");
      }
      ServerCall<Q, A> around =
          new io.grpc.ForwardingServerCall.SimpleForwardingServerCall<>(call) {
            @Override
            public void sendHeaders(Metadata headers) {
              headers.put(text("x-pod-name"), "grpc-java");
              headers.put(Metadata.Key.of("x-raw-bin", Metadata.BINARY_BYTE_MARSHALLER), new byte[] {0, -1});
              super.sendHeaders(headers);
            }

            @Override
            public void close(io.grpc.Status status, Metadata trailers) {
              trailers.put(text("x-till"), "3");
              super.close(status, trailers);
            }
          };
      Context context = Context.current().withValue(ENCODING, encoding);
      return new io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener<>(
          Contexts.interceptCall(context, around, sent, next)) {
        @Override
        public void onMessage(Q question) {
          try {
            super.onMessage(question);
          } catch (StatusRuntimeException error) {
            around.close(error.getStatus(), error.getTrailers());
          }
        }

        @Override
        public void onHalfClose() {
          try {
            super.onHalfClose();
          } catch (IllegalStateException closed) {
            // The call was refused.
          }
        }
      };
    }
  }
}
