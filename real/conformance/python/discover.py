"""gRPC's own clients for reflection and health: finds the API out by asking, and calls it."""

import sys

import grpc
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import MessageFactory
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import (
    ProtoReflectionDescriptorDatabase,
)

SERVICES = [
    "etcdserverpb.Auth",
    "etcdserverpb.Cluster",
    "etcdserverpb.KV",
    "etcdserverpb.Lease",
    "etcdserverpb.Maintenance",
    "etcdserverpb.Watch",
    "grpc.health.v1.Health",
    "v3electionpb.Election",
    "v3lockpb.Lock",
]


def reflection(channel):
    database = ProtoReflectionDescriptorDatabase(channel)
    found = set(database.get_services())
    assert found >= set(SERVICES), found
    pool = DescriptorPool(database)
    for name in SERVICES:
        assert pool.FindServiceByName(name).methods, name
    assert pool.FindEnumTypeByName("etcdserverpb.RangeRequest.SortOrder").values
    message = pool.FindMessageTypeByName("etcdserverpb.Compare")
    assert message.fields_by_name["create_revision"].number == 5

    service = pool.FindServiceByName("etcdserverpb.KV")
    factory = MessageFactory(pool)

    def call(method, **fields):
        method = service.methods_by_name[method]
        request = factory.GetPrototype(method.input_type)(**fields)
        answer = factory.GetPrototype(method.output_type)
        path = f"/{service.full_name}/{method.name}"
        invoke = channel.unary_unary(path, lambda m: m.SerializeToString(), answer.FromString)
        return invoke(request, timeout=20)

    put = call("Put", key=b"reflected", value=b"1")
    found = call("Range", key=b"reflected")
    assert (found.count, found.kvs[0].mod_revision) == (1, put.header.revision)


def health(channel):
    stub = health_pb2_grpc.HealthStub(channel)
    serving = health_pb2.HealthCheckResponse.SERVING
    assert stub.Check(health_pb2.HealthCheckRequest(), timeout=20).status == serving
    watch = stub.Watch(health_pb2.HealthCheckRequest(), timeout=20)
    assert next(watch).status == serving
    watch.cancel()
    unknown = health_pb2.HealthCheckRequest(service="nobody")
    try:
        stub.Check(unknown, timeout=20)
        raise AssertionError("an unknown service has a health")
    except grpc.RpcError as error:
        assert error.code() == grpc.StatusCode.NOT_FOUND and error.details() == "unknown service"
    watch = stub.Watch(unknown, timeout=20)
    assert next(watch).status == health_pb2.HealthCheckResponse.SERVICE_UNKNOWN
    watch.cancel()


def main(port):
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        for conversation in (reflection, health):
            conversation(channel)
            print(conversation.__name__, "ok")


main(*sys.argv[1:])
