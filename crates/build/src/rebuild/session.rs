//! One rebuild from beginning to end: which steps there are, in which order, and what each of them shows.

use super::chain::{self, Link};
use super::posted::{self, Given, Opened, Packer, Rebuilt};
use super::source;
use super::steps::{Go, Made, Maker, Posted, Steps, commands};
use super::verification::{self, Form, Status, Step, Verification};
use super::work::Work;
use super::{Error, Measured, Needs, Observer, Request, Share, compare, environment, findings};
use crate::dirhash;
use crate::toolchain::{self, Fetcher, Name, Outcome, Platform};
use goassay_binary::bytes::hexadecimal;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Processor time in seconds that steps took on linux/amd64 (docs/toolchains.md): only for saying what is left.
mod cost {
    pub(super) const BY_C: u64 = 60;
    pub(super) const BEFORE_PACKING: u64 = 260;
    pub(super) const PACKING: u64 = 500;
    pub(super) const ROUNDS: u64 = 170;
    pub(super) const CROSS: u64 = 260;
    pub(super) const DISTPACK: u64 = 60;
}

/// Bytes of disk that a Go takes while it is built, one for another platform besides, and a posted archive.
const DISK_BUILD: u64 = 1200 << 20;
const DISK_LINK: u64 = 450 << 20;
const DISK_CROSS: u64 = 500 << 20;
const DISK_ARCHIVES: u64 = 150 << 20;
/// Bytes of memory that the largest compilations took.
const MEMORY: u64 = 1200 << 20;

/// What a rebuild holds in its hands.
struct Session<'a> {
    request: &'a Request,
    fetcher: &'a Fetcher<'a>,
    way: Way<'a>,
}

/// How far it is, for whoever waits.
struct Way<'a> {
    observer: &'a dyn Observer,
    work: &'a Work,
    before: AtomicU64,
    total: u64,
    disk: AtomicU64,
}

/// What there is to do.
struct Plan {
    links: Vec<Link>,
    targets: Vec<Name>,
    /// Files that are packed again.
    packed: u64,
}

pub(super) fn run(
    request: &Request,
    fetcher: &Fetcher<'_>,
    observer: &dyn Observer,
) -> Result<(Verification, Measured), Error> {
    let plan = Plan::new(request, fetcher)?;
    let work = Work::claim(&request.folder, &|notice| observer.notice(notice))?;
    let session = Session {
        request,
        fetcher,
        way: Way {
            observer,
            work: &work,
            before: AtomicU64::new(0),
            total: plan.cost(&request.host),
            disk: AtomicU64::new(0),
        },
    };
    let needs = plan.needs(request, session.way.total);
    observer.needs(&needs);
    session.check_disk(&needs)?;
    let verification = session.verify(plan)?;
    let measured = Measured {
        disk: session.way.disk.load(Ordering::Relaxed),
    };
    if verification.verdict() == Status::Pass && !request.keep {
        work.remove()?;
    }
    Ok((verification, measured))
}

impl Plan {
    fn new(request: &Request, fetcher: &Fetcher<'_>) -> Result<Plan, Error> {
        let published = super::list(fetcher.fetch, fetcher)?;
        let of_version = |name: &&Name| name.version == request.version;
        let mut targets: Vec<Name> = published.iter().filter(of_version).cloned().collect();
        if !request.platforms.is_empty() {
            // What a proxy does not list it may still have: it will say so.
            let of = |platform: &Platform| Name {
                version: request.version.clone(),
                platform: platform.clone(),
            };
            targets = request.platforms.iter().map(of).collect();
        }
        targets.extend(request.posted.iter().map(|given| given.name.clone()));
        if targets.is_empty() {
            return Err(Error::NotPublished(request.version.clone()));
        }
        targets.sort();
        targets.dedup();
        let links = chain::plan(&request.version, &request.choice, &request.host, &published)?;
        let by_c = |link: &Link| matches!(link, Link::Built(v) if chain::is_built_by_c(v));
        if links.iter().any(by_c) && environment::c_compiler().is_none() {
            return Err(Error::NoCompiler);
        }
        Ok(Plan {
            links,
            targets,
            packed: request.posted.len() as u64,
        })
    }

    fn crossed(&self, host: &Platform) -> usize {
        let other = |name: &&Name| name.platform != *host;
        self.targets.iter().filter(other).count()
    }

    fn cost(&self, host: &Platform) -> u64 {
        let links: u64 = self.links.iter().map(cost_of).sum();
        links
            + cost::PACKING
            + cost::ROUNDS
            + cost::CROSS * self.crossed(host) as u64
            + cost::DISTPACK * self.packed
    }

    fn needs(&self, request: &Request, seconds: u64) -> Needs {
        let built = |link: &&Link| matches!(link, Link::Built(_));
        let links = self.links.iter().filter(built).count() as u64;
        let crossed = self.crossed(&request.host).min(request.jobs.max(1)) as u64;
        Needs {
            disk: DISK_BUILD
                + DISK_LINK * links
                + DISK_CROSS * (crossed + self.packed.min(1))
                + DISK_ARCHIVES * self.packed
                + DISK_ARCHIVES * (self.targets.len() as u64 + links),
            memory: MEMORY,
            processor: Duration::from_secs(seconds),
        }
    }
}

fn cost_of(link: &Link) -> u64 {
    match link {
        Link::Published(_) | Link::Folder(_) => 2,
        Link::Built(version) if chain::is_built_by_c(version) => cost::BY_C,
        Link::Built(version) if chain::is_reproducible(version) => cost::PACKING,
        Link::Built(_) => cost::BEFORE_PACKING,
    }
}

impl Way<'_> {
    /// A step: announced, made, its time told where it had to be made.
    fn step<T>(
        &self,
        title: &str,
        own: u64,
        make: impl FnOnce() -> Result<(T, bool), Error>,
    ) -> Result<T, Error> {
        let share = Share {
            before: self.before.load(Ordering::Relaxed),
            own,
            total: self.total,
        };
        self.observer.begin(title, share);
        let began = Instant::now();
        let (made, fresh) = make()?;
        self.observer.end(title, fresh.then(|| began.elapsed()));
        self.before.fetch_add(own, Ordering::Relaxed);
        if let Some(size) = size(self.work.folder()) {
            self.disk.fetch_max(size, Ordering::Relaxed);
        }
        Ok(made)
    }
}

impl Session<'_> {
    // What is there already counts as room: it is used again or removed first.
    fn check_disk(&self, needs: &Needs) -> Result<(), Error> {
        let Some(free) = self.way.work.free() else {
            return Ok(());
        };
        let there = size(self.way.work.folder()).unwrap_or(0);
        if free.saturating_add(there) >= needs.disk {
            return Ok(());
        }
        Err(Error::Disk {
            folder: self.way.work.folder().to_owned(),
            needed: needs.disk,
            free,
        })
    }

    fn verify(&self, plan: Plan) -> Result<Verification, Error> {
        let host = &self.request.host;
        let mut posted = BTreeMap::new();
        for name in &plan.targets {
            posted.insert(name.clone(), self.posted(name)?);
        }
        // All have the same source, which is a step of its own: this machine's where it is among them.
        let of_host = posted.values().find(|posted| posted.name.platform == *host);
        let Some(source) = of_host.or_else(|| posted.values().next()).cloned() else {
            return Err(Error::NotPublished(self.request.version.clone()));
        };
        let observer = self.way.observer;
        let steps = Steps {
            work: self.way.work,
            host,
            version: &self.request.version,
            detail: &|line| observer.detail(line),
        };
        let mut report = Vec::new();
        let (maker, trust) = self.chain(&plan.links, &steps, &mut report)?;
        let title = format!("go{}: build", self.request.version);
        let made = self
            .way
            .step(&title, cost::PACKING, || steps.make(&source, &maker))?;
        let (source_step, source_hash) = findings::of_source(&posted, &made.generated);
        report.insert(0, source_step);
        report.push(findings::built(&made));
        let again = self
            .way
            .step("toolchain3, built by toolchain3", cost::ROUNDS, || {
                steps.third_again(&made)
            })?;
        report.push(findings::rounds(&made, &again, host)?);
        let archives = self.archives(&steps, &made, &plan.targets)?;
        let mut files = Vec::new();
        for (name, posted) in &posted {
            let rebuilt = archives.get(name).map(PathBuf::as_path);
            files.push(compare::file(posted, rebuilt)?);
            let packer = Packer {
                steps: &steps,
                go: &made.go,
            };
            for given in self
                .request
                .posted
                .iter()
                .filter(|given| given.name == *name)
            {
                files.push(self.given(given, posted, rebuilt, &packer)?);
            }
        }
        Ok(Verification {
            version: self.request.version.clone(),
            host: host.clone(),
            choice: self.request.choice.name(),
            chain: plan.links,
            trust: self.trust(trust, &source),
            source: source_hash,
            steps: report,
            files,
        })
    }

    /// A file that was posted in another form.
    fn given(
        &self,
        given: &Given,
        posted: &Posted,
        rebuilt: Option<&Path>,
        packer: &Packer<'_>,
    ) -> Result<verification::File, Error> {
        let title = format!("{}: packed", given.file);
        let opened = Opened::new(given, self.way.work.folder())?;
        let Some(module) = rebuilt else {
            return posted::file(given, opened, posted, None);
        };
        let packed = match opened.form {
            Form::Installer => None,
            _ => Some(self.way.step(&title, cost::DISTPACK, || {
                packer.pack(given, &opened, module)
            })?),
        };
        let rebuilt = Rebuilt {
            module,
            packed: packed.as_deref(),
        };
        posted::file(given, opened, posted, Some(&rebuilt))
    }

    fn trust(&self, first: String, source: &Posted) -> Vec<String> {
        let database = &source.statement.database;
        vec![
            first,
            format!(
                "{database}: that its log, in which everything was proven to be, is the one that everybody sees"
            ),
            "this machine: processor, kernel, shell, and goassay itself".to_owned(),
        ]
    }

    /// A posted archive, checked now against the checksum database, whether it was fetched now or before.
    fn posted(&self, name: &Name) -> Result<Posted, Error> {
        let title = format!("{name}: what is posted");
        self.way.step(&title, 0, || {
            let path = self.way.work.path(&format!("posted.{}.zip", name.folder()));
            if let Some(posted) = self.kept(name, &path)? {
                return Ok((posted, false));
            }
            let unfinished = path.with_extension("unfinished");
            let file = File::options()
                .read(true)
                .write(true)
                .create(true)
                .truncate(true)
                .open(&unfinished)
                .map_err(Error::file("write", &unfinished))?;
            let statement = self
                .fetcher
                .download(&name.module(), file)?
                .vouched
                .statement;
            fs::rename(&unfinished, &path).map_err(Error::file("write", &path))?;
            let sums = sums_of(&path)?;
            let posted = Posted {
                name: name.clone(),
                path,
                sums,
                statement,
            };
            Ok((posted, true))
        })
    }

    fn kept(&self, name: &Name, path: &Path) -> Result<Option<Posted>, Error> {
        if !path.is_file() {
            return Ok(None);
        }
        let Ok(sums) = sums_of(path) else {
            return Ok(None);
        };
        let statement = self.fetcher.database.lookup(&name.module());
        let statement = statement.map_err(toolchain::Error::from)?;
        let same = dirhash::of_files(&sums) == statement.zip;
        Ok(same.then(|| Posted {
            name: name.clone(),
            path: path.to_owned(),
            sums,
            statement,
        }))
    }

    /// Who builds the target, and what that rests on.
    fn chain(
        &self,
        links: &[Link],
        steps: &Steps<'_>,
        report: &mut Vec<Step>,
    ) -> Result<(Maker, String), Error> {
        let mut trust = String::new();
        let mut maker = None;
        for link in links {
            let next = match link {
                Link::Published(version) => {
                    trust = format!(
                        "go{version} for {} as published: it was not rebuilt",
                        self.request.host
                    );
                    self.published(version, report)?
                }
                Link::Folder(path) => {
                    "a Go that was there: nobody vouches for it".clone_into(&mut trust);
                    self.folder(path, report)?
                }
                Link::Built(version) => {
                    let by = match maker.take() {
                        Some(maker) => maker,
                        None => self.c_compiler(&mut trust, report)?,
                    };
                    self.link(version, &by, steps, report)?
                }
            };
            maker = Some(Maker::Go(next));
        }
        match maker {
            Some(maker) => Ok((maker, trust)),
            None => self
                .c_compiler(&mut trust, report)
                .map(|maker| (maker, trust)),
        }
    }

    /// A published toolchain from the store, looked through again: every file has to be as it was fetched.
    fn published(&self, version: &toolchain::Version, report: &mut Vec<Step>) -> Result<Go, Error> {
        let name = Name {
            version: version.clone(),
            platform: self.request.host.clone(),
        };
        let installed = self.way.step(&format!("{name}: the first link"), 2, || {
            let outcome = self.fetcher.get(&name)?;
            let fresh = matches!(outcome, Outcome::Fetched(_));
            let (Outcome::Present(installed) | Outcome::Fetched(installed)) = outcome;
            findings::check_installed(&installed)?;
            Ok((installed, fresh))
        })?;
        let receipt = &installed.receipt;
        report.push(Step {
            id: format!("chain/go{version}"),
            title: format!("{name} as published"),
            status: Status::Pass,
            log: vec![
                format!("contents {}", receipt.h1),
                format!(
                    "as recorded by {}, record {}",
                    receipt.database, receipt.record
                ),
            ],
        });
        Ok(Go {
            goroot: installed.goroot,
            identity: receipt.h1.clone(),
        })
    }

    /// A Go that is there, with all of its files.
    fn folder(&self, path: &Path, report: &mut Vec<Step>) -> Result<Go, Error> {
        let goroot = fs::canonicalize(path).map_err(Error::file("read", path))?;
        let sums = source::of_folder(&goroot)?;
        let Some(program) = sums.get("bin/go") else {
            let none = std::io::Error::from(std::io::ErrorKind::NotFound);
            return Err(Error::file("read", &goroot.join("bin/go"))(none));
        };
        let identity = source::hash(&sums);
        let said = fs::read_to_string(goroot.join("VERSION")).unwrap_or_default();
        report.push(Step {
            id: "chain/folder".to_owned(),
            title: "a Go that was there".to_owned(),
            status: Status::NotPromised,
            log: vec![
                format!(
                    "it says that it is {}",
                    said.lines().next().unwrap_or("nothing")
                ),
                format!("bin/go has SHA-256 {}", hexadecimal(program)),
                format!("contents {identity}"),
            ],
        });
        Ok(Go { goroot, identity })
    }

    fn c_compiler(&self, trust: &mut String, report: &mut Vec<Step>) -> Result<Maker, Error> {
        let compiler = environment::c_compiler().ok_or(Error::NoCompiler)?;
        let real = fs::canonicalize(&compiler).map_err(Error::file("read", &compiler))?;
        let sum = hexadecimal(&source::sum(&real)?);
        let mut said = String::new();
        let argv = vec![compiler.clone().into(), "--version".into()];
        self.way
            .work
            .run("compiler", argv, &[], self.way.work.folder(), &mut |line| {
                if said.is_empty() {
                    line.clone_into(&mut said);
                }
            })?;
        *trust = format!("the C compiler: {said}");
        report.push(Step {
            id: "chain/c".to_owned(),
            title: format!("C compiler: {said}"),
            status: Status::NotPromised,
            log: vec![format!("its program has SHA-256 {sum}")],
        });
        Ok(Maker::C(compiler, sum))
    }

    /// A link that is built from source, and compared with what is posted where that is promised.
    fn link(
        &self,
        version: &toolchain::Version,
        by: &Maker,
        steps: &Steps<'_>,
        report: &mut Vec<Step>,
    ) -> Result<Go, Error> {
        let name = Name {
            version: version.clone(),
            platform: self.request.host.clone(),
        };
        let posted = self.posted(&name)?;
        let cost = cost_of(&Link::Built(version.clone()));
        let made = self.way.step(&format!("go{version}: build"), cost, || {
            steps.make(&posted, by)
        })?;
        let (status, mut log) = match &made.archive {
            Some(archive) => {
                let (status, _, log) = compare::archives(&posted.path, archive)?;
                (status, log)
            }
            None => (
                Status::NotPromised,
                vec![
                    "no comparison is promised: Go's builds can be repeated bit by bit since 1.21"
                        .to_owned(),
                ],
            ),
        };
        let source = source::of_zip(&posted.sums, &made.generated);
        log.insert(0, format!("source {}", source::hash(&source)));
        report.push(Step {
            id: format!("chain/go{version}"),
            title: format!("go{version} built from source"),
            status,
            log,
        });
        Ok(made.go)
    }

    /// The archives of all targets, by name.
    fn archives(
        &self,
        steps: &Steps<'_>,
        made: &Made,
        targets: &[Name],
    ) -> Result<BTreeMap<Name, PathBuf>, Error> {
        let Some(of_host) = &made.archive else {
            return Ok(BTreeMap::new());
        };
        let (host, way) = (&self.request.host, &self.way);
        let commands = commands(&sums_of(of_host)?, host);
        let others: Vec<&Name> = targets.iter().filter(|t| t.platform != *host).collect();
        let (next, packing) = (AtomicUsize::new(0), Mutex::new(()));
        let worker = || -> Result<Vec<(Name, PathBuf)>, Error> {
            let mut done = Vec::new();
            while let Some(target) = others.get(next.fetch_add(1, Ordering::Relaxed)) {
                let archive = way.step(&format!("{target}: build"), cost::CROSS, || {
                    steps.cross(made, &commands, target, &packing)
                })?;
                done.push(((*target).clone(), archive));
            }
            Ok(done)
        };
        let mut archives = BTreeMap::new();
        for done in in_parallel(self.request.jobs.min(others.len()), &worker) {
            archives.extend(done?);
        }
        let own = targets.iter().find(|target| target.platform == *host);
        archives.extend(own.map(|own| (own.clone(), of_host.clone())));
        Ok(archives)
    }
}

fn in_parallel<T: Send>(jobs: usize, worker: &(impl Fn() -> T + Sync)) -> Vec<T> {
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..jobs).map(|_| scope.spawn(worker)).collect();
        let joined = threads.into_iter().map(std::thread::ScopedJoinHandle::join);
        joined
            .map(|done| done.unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect()
    })
}

pub(super) fn sums_of(path: &Path) -> Result<source::Sums, Error> {
    let file = File::open(path).map_err(Error::file("read", path))?;
    dirhash::sums_of_zip(std::io::BufReader::new(file))
        .map_err(|error| Error::Toolchain(toolchain::Error::Zip(error)))
}

/// Bytes in the files below a folder; none where it cannot be read.
fn size(folder: &Path) -> Option<u64> {
    let mut bytes = 0;
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).ok()?.flatten() {
            match entry.metadata() {
                Ok(meta) if meta.is_dir() => folders.push(entry.path()),
                Ok(meta) => bytes += meta.len(),
                Err(_) => {}
            }
        }
    }
    Some(bytes)
}
