use tfplugin::{Applied, ApplyFailure, Attr, Config, Diags, DraftOf, Model, RequestContext, Resource, State};

#[derive(Model)]
struct Input {
    name: String,
}

#[derive(Model)]
#[tf(output)]
struct Output {
    id: String,
}

#[derive(Model)]
#[tf(output)]
struct Other {
    url: String,
}

struct Thing;

impl Resource for Thing {
    const TYPE: &'static str = "test_thing";
    const DESCRIPTION: &'static str = "A thing.";
    type Context = ();
    type Input = Input;
    type Output = Output;
    type Private = ();
    type Identity = ();

    async fn create(&self, (): &(), _: Input, _: &RequestContext) -> Result<Applied<Self>, ApplyFailure<Self>> {
        unimplemented!()
    }
    async fn read(&self, (): &(), _: State<Self>, _: &RequestContext) -> Result<Option<State<Self>>, Diags> {
        unimplemented!()
    }
    async fn update(
        &self,
        (): &(),
        _: State<Self>,
        _: Input,
        _: &RequestContext,
    ) -> Result<Applied<Self>, ApplyFailure<Self>> {
        unimplemented!()
    }
    async fn delete(&self, (): &(), _: State<Self>, _: &RequestContext) -> Result<(), Diags> {
        unimplemented!()
    }
}

fn plan(draft: &mut DraftOf<'_, Thing>) {
    draft.set(Output::ID, draft.config(Input::NAME));
    draft.set(Other::URL, Attr::Unknown);
}

fn validate(config: Config<'_, Input>) {
    let _ = config.get(Output::ID);
}

fn main() {
    let _ = (plan, validate);
}
