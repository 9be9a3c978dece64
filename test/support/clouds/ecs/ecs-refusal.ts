/** What ECS says instead of an answer. */
export class EcsRefusal extends Error {
  override readonly name = "EcsRefusal";
  readonly type: string;
  readonly status: number;

  constructor(type: string, message: string, status = 400) {
    super(message);
    this.type = type;
    this.status = status;
  }
}

export function invalid(message: string): EcsRefusal {
  return new EcsRefusal("InvalidParameterException", message);
}

export function client(message: string): EcsRefusal {
  return new EcsRefusal("ClientException", message);
}
