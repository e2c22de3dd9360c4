//! gRPC server reflection: which services there are, and their descriptors.

use crate::receiver_stream::ReceiverStream;
use bytes::Bytes;
use etcd_api::{FILE_DESCRIPTOR_SET, grpc};
use host::Host;
use prost::Message;
use prost_types::{DescriptorProto, FileDescriptorProto, FileDescriptorSet};
use std::{
    collections::BTreeMap,
    sync::{Arc, OnceLock},
};
use tokio::sync::mpsc;
use tonic::{Code, Request, Response, Status, Streaming};

/// Answers waiting for a slow client at most.
const ANSWERS_MAX: usize = 4;

/// What there is to know, by the name under which it is asked for.
#[derive(Debug)]
struct Index {
    services: Vec<String>,
    files: BTreeMap<String, FileDescriptorProto>,
    /// Symbol → file name.
    symbols: BTreeMap<String, String>,
}

/// The reflection service, in both of its versions.
#[derive(Clone, Debug)]
pub(crate) struct ReflectionService {
    host: Host,
    /// Made when somebody first asks, which most members never see.
    index: Arc<OnceLock<Index>>,
}

/// A question, whichever version asks.
enum Question {
    Services,
    File(String),
    Symbol(String),
    Unsupported,
}

enum Answer {
    Services(Vec<String>),
    Files(Vec<Bytes>),
    Error(Code, String),
}

impl ReflectionService {
    /// Reflects the public API.
    pub(crate) fn new(host: Host) -> Self {
        Self { host, index: Arc::default() }
    }
}

impl Index {
    fn new() -> Self {
        // The set is made by the build script: that it decodes is covered by a test.
        let set = FileDescriptorSet::decode(FILE_DESCRIPTOR_SET).unwrap_or_default();
        let (mut services, mut files, mut symbols) = (vec![], BTreeMap::new(), BTreeMap::new());
        for file in set.file {
            let package = file.package().to_owned();
            let full = |name: &str| format!("{package}.{name}");
            for service in &file.service {
                services.push(full(service.name()));
                symbols.insert(full(service.name()), file.name().to_owned());
                for method in &service.method {
                    let method = format!("{}.{}", full(service.name()), method.name());
                    symbols.insert(method, file.name().to_owned());
                }
            }
            let mut symbol = |name: String| symbols.insert(name, file.name().to_owned());
            for kind in &file.enum_type {
                symbol(full(kind.name()));
            }
            for message in &file.message_type {
                index_message(&full(message.name()), message, &mut |name| drop(symbol(name)));
            }
            files.insert(file.name().to_owned(), file);
        }
        services.sort();
        Self { services, files, symbols }
    }

    fn answer(&self, question: &Question) -> Answer {
        match question {
            Question::Services => Answer::Services(self.services.clone()),
            Question::File(name) => self.file(name),
            Question::Symbol(symbol) => match self.symbols.get(symbol) {
                Some(name) => self.file(name),
                None => Answer::Error(Code::NotFound, format!("Symbol not found: {symbol}")),
            },
            Question::Unsupported => {
                Answer::Error(Code::Unimplemented, "extensions are not reflected".into())
            }
        }
    }

    /// A file and all that it imports.
    fn file(&self, name: &str) -> Answer {
        let mut found: BTreeMap<&str, Bytes> = BTreeMap::new();
        let mut wanted = vec![name];
        while let Some(name) = wanted.pop() {
            let Some(file) = self.files.get(name) else {
                return Answer::Error(Code::NotFound, format!("File not found: {name}"));
            };
            if found.insert(name, file.encode_to_vec().into()).is_none() {
                wanted.extend(file.dependency.iter().map(String::as_str));
            }
        }
        Answer::Files(found.into_values().collect())
    }
}

/// A message and all that is declared within it.
fn index_message(name: &str, message: &DescriptorProto, found: &mut impl FnMut(String)) {
    found(name.to_owned());
    for kind in &message.enum_type {
        found(format!("{name}.{}", kind.name()));
    }
    for nested in &message.nested_type {
        index_message(&format!("{name}.{}", nested.name()), nested, found);
    }
}

macro_rules! version {
    ($module:ident) => {
        const _: () = {
            use grpc::$module::{
                ErrorResponse, FileDescriptorResponse, ListServiceResponse,
                ServerReflectionRequest, ServerReflectionResponse, ServiceResponse,
                server_reflection_request::MessageRequest,
                server_reflection_response::MessageResponse,
                server_reflection_server::ServerReflection,
            };

            fn question(request: &ServerReflectionRequest) -> Question {
                match &request.message_request {
                    Some(MessageRequest::ListServices(_)) => Question::Services,
                    Some(MessageRequest::FileByFilename(name)) => Question::File(name.clone()),
                    Some(MessageRequest::FileContainingSymbol(name)) => {
                        Question::Symbol(name.clone())
                    }
                    Some(_) | None => Question::Unsupported,
                }
            }

            fn response(answer: Answer) -> MessageResponse {
                match answer {
                    Answer::Services(names) => {
                        let service =
                            names.into_iter().map(|name| ServiceResponse { name }).collect();
                        MessageResponse::ListServicesResponse(ListServiceResponse { service })
                    }
                    Answer::Files(file_descriptor_proto) => {
                        MessageResponse::FileDescriptorResponse(FileDescriptorResponse {
                            file_descriptor_proto,
                        })
                    }
                    Answer::Error(code, error_message) => {
                        let error_code = code as i32;
                        MessageResponse::ErrorResponse(ErrorResponse { error_code, error_message })
                    }
                }
            }

            #[tonic::async_trait]
            impl ServerReflection for ReflectionService {
                type ServerReflectionInfoStream =
                    ReceiverStream<Result<ServerReflectionResponse, Status>>;

                async fn server_reflection_info(
                    &self,
                    request: Request<Streaming<ServerReflectionRequest>>,
                ) -> Result<Response<Self::ServerReflectionInfoStream>, Status> {
                    let (answers, receiver) = mpsc::channel(ANSWERS_MAX);
                    let index = self.index.clone();
                    let mut requests = request.into_inner();
                    let work = async move {
                        while let Ok(Some(request)) = requests.message().await {
                            let index = index.get_or_init(Index::new);
                            let answer = index.answer(&question(&request));
                            let answer = ServerReflectionResponse {
                                valid_host: request.host.clone(),
                                original_request: Some(request),
                                message_response: Some(response(answer)),
                            };
                            if answers.send(Ok(answer)).await.is_err() {
                                return;
                            }
                        }
                    };
                    self.host.spawn("etcd/reflection", work).detach();
                    Ok(Response::new(ReceiverStream(receiver)))
                }
            }
        };
    };
}
version!(reflection_v1);
version!(reflection_v1alpha);
