//! Maps requests to pages and data.

use std::path::PathBuf;
use std::time::Duration;

use backdraft_playground::{Frame, PlaygroundError, Sessions, Setup, TrainingSetup, look};
use burn::tensor::Device;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::folder;
use super::follow::Followers;
use super::gate::Gate;
use super::pages;
use super::request::Request;
use super::response::Response;
use super::runs;

/// Concurrent computations, and how long a request waits for its turn.
const COMPUTATIONS: usize = 2;
const PATIENCE: Duration = Duration::from_secs(5);

/// The pages and their data.
pub(crate) struct Site {
    out: PathBuf,
    device: Device,
    sessions: Sessions,
    followers: Followers,
    work: Gate,
}

/// A new training session with its first frame.
#[derive(Serialize)]
struct Started {
    session: String,
    frame: Frame,
}

impl Site {
    /// Creates the site of the runs in `out`, whose playground computes on `device`.
    pub(crate) fn new(out: PathBuf, device: Device) -> Self {
        Self {
            out,
            device,
            sessions: Sessions::default(),
            followers: Followers::default(),
            work: Gate::new(COMPUTATIONS),
        }
    }

    /// Answers a request.
    pub(super) fn answer(&self, request: &Request) -> Response {
        let path: Vec<&str> = request.path.iter().map(String::as_str).collect();
        match (request.method.as_str(), &path[..]) {
            ("POST", ["api", "playground"]) => {
                self.compute(request, |setup: Setup| look(&setup, &self.device))
            }
            ("POST", ["api", "training"]) => self.compute(request, |training: TrainingSetup| {
                let (session, frame) = self.sessions.start(&training, &self.device)?;
                Ok(Started { session, frame })
            }),
            ("POST", ["api", "training", session]) => {
                self.compute(request, |()| self.sessions.next(session))
            }
            (_, ["api", "playground"] | ["api", "training"] | ["api", "training", _]) => {
                Response::not_allowed("POST")
            }
            ("GET" | "HEAD", path) => self.get(path).unwrap_or_else(|refusal| refusal),
            _ => Response::not_allowed("GET, HEAD"),
        }
    }

    fn get(&self, path: &[&str]) -> Result<Response, Response> {
        match path {
            [] => Ok(pages::list(&self.out, &runs::list(&self.out))),
            ["playground"] => Ok(pages::playground()),
            ["runs", experiment, id] => {
                let run = folder::run(&self.out, experiment, id)?;
                if run.path().join(folder::REPORT).is_file() {
                    return Ok(Response::redirect(pages::address(experiment, id) + folder::REPORT));
                }
                Ok(pages::follow(experiment, id, &run))
            }
            ["runs", experiment, id, "live"] => {
                let run = folder::run(&self.out, experiment, id)?;
                Ok(pages::follow(experiment, id, &run))
            }
            ["runs", experiment, id, parts @ ..] => {
                folder::file(&folder::run(&self.out, experiment, id)?, parts)
            }
            ["api", "runs", experiment, id] => {
                Ok(self.followers.standing(&folder::run(&self.out, experiment, id)?))
            }
            ["api", "runs", experiment, id, trial] => {
                Ok(self.followers.trial(&folder::run(&self.out, experiment, id)?, trial))
            }
            _ => Err(Response::refusal(404, "not found; the list of runs is at /")),
        }
    }

    /// Answers a request of the playground when its turn comes.
    fn compute<Q: DeserializeOwned, A: Serialize>(
        &self,
        request: &Request,
        answer: impl FnOnce(Q) -> Result<A, PlaygroundError>,
    ) -> Response {
        if !request.is_json {
            // A form of another site can post any other content type, but not this one.
            return Response::refusal(415, "the playground needs `content-type: application/json`");
        }
        let question = match serde_json::from_slice(&request.body) {
            Ok(question) => question,
            Err(error) => return Response::refusal(400, &error.to_string()),
        };
        let Some(_turn) = self.work.enter(PATIENCE) else {
            return Response::refusal(503, "too many requests at once; try again");
        };
        match answer(question) {
            Ok(answer) => Response::json(&answer),
            Err(error @ PlaygroundError::NoSession { .. }) => {
                Response::refusal(404, &error.to_string())
            }
            Err(error) if error.is_input() => Response::refusal(400, &error.to_string()),
            Err(error) => Response::refusal(500, &error.to_string()),
        }
    }
}
