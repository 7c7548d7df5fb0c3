import { deliver } from "../../development/events/deliver.ts";
import { sampleTypes } from "../../development/events/sample_event.ts";
import { signedRequest } from "../../development/events/signed_request.ts";
import { HttpError } from "../http_error.ts";
import { type Delivery, planDeliveries, type Way, WAYS } from "../plan_deliveries.ts";
import type { DevStack, Route } from "../route.ts";
import type { SendResults } from "../shapes.ts";

type SendAnswer = SendResults["answers"][number];

/** Deliveries of a burst that are in flight at once. */
const SENDERS = 10;

export const sendRoutes: Route[] = [{
  method: "POST",
  path: "/api/send",
  async answer({ body: { type, way = "plain" } }, { dev }): Promise<SendResults> {
    if (dev === undefined) {
      throw new HttpError(
        404,
        "Events can only be sent where dev serves the console for its own stack",
      );
    }
    if (typeof type !== "string" || !sampleTypes().includes(type)) {
      throw new HttpError(400, `There is no event type "${type}"`);
    }
    if (!isWay(way)) throw new HttpError(400, `"way" is not one of ${WAYS.join(", ")}`);
    const deliveries = planDeliveries(type, way);
    return { answers: await sendAll(deliveries, way === "burst" ? SENDERS : 1, dev) };
  },
}];

/** By this many senders; the responses are in the order of the deliveries. */
async function sendAll(
  deliveries: Delivery[],
  senders: number,
  dev: DevStack,
): Promise<SendAnswer[]> {
  const answers: SendAnswer[] = [];
  const waiting = deliveries.entries();
  const send = async () => {
    for (const [index, delivery] of waiting) answers[index] = await sendOne(delivery, dev);
  };
  await Promise.all(Array.from({ length: senders }, send));
  return answers;
}

/** The way a webhook goes, signature and all. */
async function sendOne({ event, id }: Delivery, dev: DevStack): Promise<SendAnswer> {
  // Without an instance: a mirror that doesn't know its own yet must not adopt the sample's.
  const body = JSON.stringify({ ...event, instance_id: undefined });
  const request = signedRequest(dev.webhookUrl, dev.signingSecret, body, { id });
  try {
    const { status, outcome } = await deliver(request);
    return { id, type: event.type, status, outcome };
  } catch (cause) {
    throw new HttpError(502, "The function does not answer", { cause });
  }
}

function isWay(value: unknown): value is Way {
  return WAYS.some((way) => way === value);
}
