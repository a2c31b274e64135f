//! `eod mask golden build`: from a source on another server, or from a raw copy on the preview server.

use std::collections::BTreeSet;
use std::sync::Arc;

use eod_clients::postgres::Postgres;
use eod_golden::{
    BuildProgress, BuildReport, BuildRequest, BuildSettings, GoldenBuild, GoldenName, RawCopyBuild, ToolSearch,
};
use eod_masking::{MaskingKey, MaskingPolicy};
use serde_json::json;

use super::build_text::{estimate_text, report_text};
use super::check_constraints::refuse_constraints;
use super::failure::build_failure;
use super::golden_name;
use crate::arguments::{GoldenBuildArguments, OutputFormat};
use crate::command::mask::MaskContext;
use crate::command::mask::access::{server, source};
use crate::command::mask::display::ProgressDisplay;
use crate::command::mask::masking_key::masking_key;
use crate::command::mask::policy_file::PolicyFile;
use crate::failure::{Failure, Outcome};
use crate::output::print;

/// Everything that a build needs.
struct BuildInput<'a> {
    arguments: &'a GoldenBuildArguments,
    installation: &'a str,
    name: GoldenName,
    server: Postgres,
    file: PolicyFile,
    policy: MaskingPolicy,
    key: MaskingKey,
    display: Arc<ProgressDisplay>,
}

/// Origin of the rows.
enum BuildOrigin<'a> {
    /// Database on another server.
    Source(Box<Postgres>),
    /// Raw copy on the preview server.
    RawCopy(&'a str),
}

/// Runs the command.
pub(super) async fn run(context: &MaskContext, arguments: &GoldenBuildArguments) -> Result<Outcome, Failure> {
    let name = golden_name(&arguments.target.name)?;
    let file = PolicyFile::read(&arguments.reading.policy)?;
    let policy = file.policy()?;
    let server = server(context, &arguments.target.server)?;
    let origin = origin(context, arguments).await?;
    let key = masking_key(context, &arguments.key).await?;
    let display = ProgressDisplay::on_stderr();
    let installation = context.installation().as_str();
    if let BuildOrigin::Source(source) = &origin {
        refuse_constraints(context, source, &file, &policy).await?;
    }
    let input = BuildInput { arguments, installation, name, server, file, policy, key, display };
    if arguments.dry_run { input.estimate(context, &origin).await } else { input.build(context, &origin).await }
}

/// Origin of the rows. Variables of libpq are those of the preview server, so that they are not a source.
async fn origin<'a>(context: &MaskContext, arguments: &'a GoldenBuildArguments) -> Result<BuildOrigin<'a>, Failure> {
    if let Some(database) = &arguments.from {
        return Ok(BuildOrigin::RawCopy(database));
    }
    let found = source(context, &arguments.reading.source).await?;
    found.map(|source| BuildOrigin::Source(Box::new(source))).ok_or_else(|| {
        let failure = Failure::usage("the source of the rows is not set");
        failure.remedy("set --source, --source-file, --source-vault or EOD_SOURCE_DSN, or --from for a raw copy")
    })
}

impl BuildInput<'_> {
    async fn estimate(&self, context: &MaskContext, origin: &BuildOrigin<'_>) -> Result<Outcome, Failure> {
        let estimate = match origin {
            BuildOrigin::Source(source) => self.source_build(source).estimate(&context.deadline).await,
            BuildOrigin::RawCopy(database) => self.raw_build(database).estimate(&context.deadline).await,
        };
        let estimate = estimate.map_err(|error| build_failure(&error, &self.file))?;
        match context.output {
            OutputFormat::Json => context.print_document(json!({ "dry_run": true, "estimate": estimate }))?,
            OutputFormat::Table => print(&estimate_text(&self.name, &estimate))?,
        }
        Ok(Outcome::Done)
    }

    async fn build(&self, context: &MaskContext, origin: &BuildOrigin<'_>) -> Result<Outcome, Failure> {
        let work = async {
            match origin {
                BuildOrigin::Source(source) => self.source_build(source).run(&context.deadline).await,
                BuildOrigin::RawCopy(database) => self.raw_build(database).run(&context.deadline).await,
            }
        };
        let built = self.display.during(&context.deadline, work).await;
        let report: BuildReport = built.map_err(|error| build_failure(&error, &self.file))?;
        match context.output {
            OutputFormat::Json => context.print_document(json!({ "dry_run": false, "report": report }))?,
            OutputFormat::Table => print(&report_text(&report))?,
        }
        Ok(if report.raw_copy_removed == Some(false) { Outcome::Found } else { Outcome::Done })
    }

    fn source_build<'a>(&'a self, source: &'a Postgres) -> GoldenBuild<'a> {
        let tools = ToolSearch::of_process(self.arguments.tools.clone());
        GoldenBuild { request: self.request(), source, tools }
    }

    fn raw_build<'a>(&'a self, database: &'a str) -> RawCopyBuild<'a> {
        let allowed = self.arguments.allow.iter().cloned().collect();
        RawCopyBuild { request: self.request(), database, drop_raw: self.arguments.drop, allowed }
    }

    fn request(&self) -> BuildRequest<'_> {
        BuildRequest {
            server: &self.server,
            installation: self.installation,
            name: &self.name,
            policy: &self.policy,
            policy_text: &self.file.bytes,
            key: &self.key,
            settings: self.settings(),
            progress: self.progress(),
        }
    }

    fn settings(&self) -> BuildSettings {
        let accepted: BTreeSet<String> = self.arguments.accept.iter().cloned().collect();
        BuildSettings {
            workers: self.arguments.reading.jobs.get(),
            allow_other_key: self.arguments.allow_other_key,
            accepted,
            ..BuildSettings::default()
        }
    }

    fn progress(&self) -> Arc<dyn BuildProgress> {
        let display: Arc<ProgressDisplay> = Arc::clone(&self.display);
        display
    }
}
