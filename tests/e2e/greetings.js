// A k6 script as users of the example have it: constant arrival rate, a connection per VU, checks and thresholds.
import { check } from 'k6';
import { Client, StatusOK } from 'k6/net/grpc';

const client = new Client();
client.load([__ENV.PROTO_FOLDER], 'greetings.proto');

export const options = {
  scenarios: {
    greetings: {
      executor: 'constant-arrival-rate',
      rate: 100,
      timeUnit: '1s',
      duration: '3s',
      preAllocatedVUs: 50,
    },
  },
  summaryTrendStats: ['min', 'med', 'p(80)', 'p(99)', 'max', 'count'],
  thresholds: {
    checks: ['rate==1'],
    dropped_iterations: ['count<150'],
    grpc_req_duration: ['p(99)<20000'],
  },
};

export default function () {
  if (__ITER == 0) {
    client.connect(__ENV.TARGET, { timeout: '5s' });
  }
  const response = client.invoke('greetings.GreetMe/Send', { name: 'k6', delay_ms: 1 });
  check(response, {
    'status is OK': (r) => r && r.status === StatusOK,
    'the greeting is ours': (r) => r && r.message && r.message.greeting === 'Hello k6!',
  });
}
