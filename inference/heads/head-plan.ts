/** How a model's outputs are to be read, under the names that its graph gives them. Plain data, so that it may travel. */
export type HeadPlan = BoxHead | QueryHead | ClassifyHead;

export type BoxHead =
  | (BoxOutput & { readonly kind: "detect" })
  | (BoxOutput & { readonly kind: "obb" })
  | (BoxOutput & { readonly kind: "pose"; readonly keypoints: KeypointShape })
  | (BoxOutput & { readonly kind: "segment"; readonly prototypes: string });

export type BoxOutput = {
  readonly output: string;
  /**
   * `anchors`: [1, 4 + classes + extras, anchors], every guess of the network, to be thinned out here.
   * `settled`: [1, rows, 6 + extras], thinned out inside the graph: box, score, class; zeros where there is nothing.
   */
  readonly layout: "anchors" | "settled";
  /** Overlap counts across classes, unless the caller says otherwise. */
  readonly agnostic: boolean;
};

export type KeypointShape = {
  readonly count: number;
  /** 2 is x and y, 3 has visibility too. */
  readonly numbers: 2 | 3;
};

/** The DETR family: a fixed number of queries, each at most one thing, its box in parts of the image. */
export type QueryHead =
  | { readonly kind: "queries"; readonly output: string }
  | { readonly kind: "query-pair"; readonly boxes: string; readonly logits: string };

export type ClassifyHead = {
  readonly kind: "classify";
  readonly output: string;
  /** The output still needs its softmax. */
  readonly logits: boolean;
};
