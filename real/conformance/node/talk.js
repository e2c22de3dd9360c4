// A session of the JavaScript client from npm with an API server: `node talk.js KUBECONFIG`.
// Prints a line for each part that went well.

import assert from 'node:assert/strict';
import * as k8s from '@kubernetes/client-node';

const config = new k8s.KubeConfig();
config.loadFromFile(process.argv[2]);
const core = config.makeApiClient(k8s.CoreV1Api);
const apps = config.makeApiClient(k8s.AppsV1Api);
const namespace = 'default';

const configMap = (name, data = {}) => ({ metadata: { name }, data });

/** The call must fail so, with a Status in its body. */
async function refused(call, code, reason) {
  await assert.rejects(call, (error) => {
    assert.ok(error instanceof k8s.ApiException, `${error}`);
    const status = typeof error.body === 'string' ? JSON.parse(error.body) : error.body;
    assert.deepEqual([error.code, status.reason], [code, reason]);
    return true;
  });
}

async function objects() {
  const made = await core.createNamespacedConfigMap({ namespace, body: configMap('a', { k: 'v' }) });
  assert.ok(made.metadata.creationTimestamp instanceof Date);
  await refused(() => core.createNamespacedConfigMap({ namespace, body: configMap('a') }), 409, 'AlreadyExists');
  await core.replaceNamespacedConfigMap({ name: 'a', namespace, body: { ...made, data: { k: 'w' } } });
  const stale = { name: 'a', namespace, body: { ...made, data: {} } };
  await refused(() => core.replaceNamespacedConfigMap(stale), 409, 'Conflict');
  await refused(() => core.createNamespacedConfigMap({ namespace, body: configMap('No Name') }), 422, 'Invalid');
  await refused(() => core.readNamespacedConfigMap({ name: 'none', namespace }), 404, 'NotFound');
}

async function patches() {
  const patch = (kind, body) =>
    core.patchNamespacedConfigMap(
      { name: 'a', namespace, body },
      k8s.setHeaderOptions('Content-Type', kind),
    );
  const { MergePatch, StrategicMergePatch, JsonPatch, ServerSideApply } = k8s.PatchStrategy;
  assert.deepEqual((await patch(MergePatch, { data: { k: null, m: '1' } })).data, { m: '1' });
  assert.deepEqual((await patch(StrategicMergePatch, { data: { s: '2' } })).data, { m: '1', s: '2' });
  const operations = [{ op: 'remove', path: '/data/m' }];
  assert.deepEqual((await patch(JsonPatch, operations)).data, { s: '2' });
  const applied = await core.patchNamespacedConfigMap(
    {
      name: 'b', namespace, fieldManager: 'talk', force: true,
      body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'b' }, data: { a: 'b' } },
    },
    k8s.setHeaderOptions('Content-Type', ServerSideApply),
  );
  assert.equal(applied.metadata.managedFields[0].manager, 'talk');
  assert.equal(applied.metadata.managedFields[0].operation, 'Apply');
}

async function scales() {
  const labels = { app: 'web' };
  const template = { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'nginx' }] } };
  const body = { metadata: { name: 'web' }, spec: { selector: { matchLabels: labels }, template } };
  await apps.createNamespacedDeployment({ namespace, body });
  const scale = await apps.readNamespacedDeploymentScale({ name: 'web', namespace });
  scale.spec.replicas = 4;
  await apps.replaceNamespacedDeploymentScale({ name: 'web', namespace, body: scale });
  assert.equal((await apps.readNamespacedDeployment({ name: 'web', namespace })).spec.replicas, 4);
}

async function pages() {
  for (let index = 0; index < 5; index += 1) {
    await core.createNamespacedConfigMap({ namespace: 'kube-public', body: configMap(`p${index}`) });
  }
  const names = [];
  let token;
  do {
    const page = await core.listNamespacedConfigMap({ namespace: 'kube-public', limit: 2, _continue: token });
    names.push(...page.items.map((one) => one.metadata.name).filter((name) => name.startsWith('p')));
    token = page.metadata._continue;
  } while (token);
  assert.deepEqual(names, ['p0', 'p1', 'p2', 'p3', 'p4']);
}

async function informs() {
  const list = () => core.listNamespacedSecret({ namespace });
  const informer = k8s.makeInformer(config, `/api/v1/namespaces/${namespace}/secrets`, list);
  const seen = [];
  const done = new Promise((resolve, reject) => {
    informer.on('add', () => seen.push('add'));
    informer.on('update', () => seen.push('update'));
    informer.on('delete', () => { seen.push('delete'); resolve(); });
    informer.on('error', reject);
  });
  await informer.start();
  await core.createNamespacedSecret({ namespace, body: { metadata: { name: 's' }, stringData: { a: 'b' } } });
  const body = { metadata: { labels: { x: '1' } } };
  const merge = k8s.setHeaderOptions('Content-Type', k8s.PatchStrategy.MergePatch);
  await core.patchNamespacedSecret({ name: 's', namespace, body }, merge);
  await core.deleteNamespacedSecret({ name: 's', namespace });
  await done;
  await informer.stop();
  assert.deepEqual(seen, ['add', 'update', 'delete']);
}

const parts = { objects, patches, scales, pages, informs };
for (const [name, part] of Object.entries(parts)) {
  await part();
  console.log(`${name} ok`);
}
process.exit(0);
