"""The image `bittrance/hello-world:tonic-hello-grpc`: `greetings.GreetMe/Send` answers "Hello NAME!" after a delay."""
